/** `--maelstrom PATH`, with a stand-in for Maelstrom: see test/support/processes/maelstrom-stand-in.ts. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { echo } from "../../../../challenges/echo.ts";
import {
  comparableOf,
  maelstromArgs,
  readMaelstromResults,
} from "../../../../lib/workbench/maelstrom/maelstrom.ts";
import { RunList } from "../../../../lib/workbench/report/server/run-list.ts";
import { WORKLOADS } from "../../../../lib/workbench/workloads/index.ts";
import {
  BROADCAST_RESULTS,
  standInForMaelstrom,
} from "../../../support/processes/maelstrom-stand-in.ts";
import {
  ECHO,
  echoTest,
  isRunning,
  spawnVortex,
  temporaryDirectory,
  textWrittenTo,
  vortex,
} from "../../../support/processes/vortex.ts";
import { runSimulated, testOptionsOf } from "../../../support/simulations/simulate.ts";

setDefaultTimeout(60_000);

const besides = (maelstrom: string, ...more: string[]) =>
  echoTest(ECHO, "--maelstrom", maelstrom, ...more);

describe("maelstromArgs", () => {
  test("returns the flags that Maelstrom has, then the program's arguments", () => {
    const options = testOptionsOf("broadcast", { nodeCount: 5, nemesis: ["partition"], seed: 7 });
    const words = maelstromArgs(options, "/bin/x", ["--flush-ms", "0"]).join(" ");
    expect(words).toStartWith("test -w broadcast --bin /bin/x --node-count 5 --concurrency 5 ");
    expect(words).toContain(" --nemesis partition ");
    expect(words).toEndWith(" -- --flush-ms 0");
    expect(words).not.toContain("--seed");
    expect(words).not.toContain("--recovery");
  });

  test("separates models by a comma between spaces", () => {
    const consistencyModels = ["read-committed", "read-atomic"];
    const options = testOptionsOf("txn-rw-register", { consistencyModels });
    expect(maelstromArgs(options, "/bin/x", [])).toContain("read-committed , read-atomic");
  });

  test("throws if Maelstrom has no such test", () => {
    const words = (options: object) => maelstromArgs(testOptionsOf("echo", options), "/bin/x", []);
    expect(() => words({ nemesis: ["partition", "kill"] })).toThrow(
      "Maelstrom has no --nemesis kill",
    );
    expect(() => words({ resumesFromCommitted: true })).toThrow("no --resume-from-committed");
    expect(() => words({ workload: "bank", definition: WORKLOADS.echo })).toThrow("no -w bank");
  });
});

describe("readMaelstromResults", () => {
  test("returns the verdict, messages per operation and stable latencies", () => {
    expect(readMaelstromResults(BROADCAST_RESULTS)).toEqual({
      valid: true,
      figures: { msgsPerOp: 1.9417475, medianMs: 281, maxMs: 553 },
    });
  });

  test("omits figures that the file lacks", () => {
    expect(readMaelstromResults("{:valid? :unknown}")).toEqual({ valid: "unknown", figures: {} });
    expect(() => readMaelstromResults("{:count 3}")).toThrow();
    expect(() => readMaelstromResults("{:valid? ")).toThrow("ends within a form");
  });

  test("returns the same figures as comparableOf", () => {
    const { result } = runSimulated("echo", echo, { rate: 10, timeLimitS: 5 });
    expect(comparableOf(result)).toMatchObject({ valid: true, figures: { msgsPerOp: 0 } });
  });
});

describe("vortex test --maelstrom", () => {
  test.concurrent("shows both results side by side", async () => {
    const maelstrom = standInForMaelstrom("{:net {:servers {:msgs-per-op 0.25}} :valid? true}");
    const store = temporaryDirectory();
    const { stdout, stderr, exitCode } = await vortex(...besides(maelstrom, "--store", store));
    expect(stdout).toMatch(/│ echo │ valid +│ +0\.00 │ .* ms │ valid +│ +0\.25 │/);
    expect(stderr).toContain(`Running the same test on Maelstrom, in ${store}/maelstrom-`);
    expect(exitCode).toBe(0);
    const run = readdirSync(store).find((name) => name.startsWith("maelstrom-")) ?? "";
    const words = JSON.parse(readFileSync(join(store, run, "args.json"), "utf8"));
    expect(words.slice(0, 4)).toEqual(["-w", "echo", "--bin", ECHO]);
    // vortex serve lists both runs.
    const request = new Request("http://127.0.0.1/?source=maelstrom");
    const html = await (await new RunList(store, {}).answer(request)).text();
    expect(html).toContain("1 of 2 runs.");
    expect(html).toMatch(/<tr class="valid">.*maelstrom.*>0\.25</);
  });

  test.concurrent("accepts Maelstrom's directory as well", async () => {
    const maelstrom = dirname(standInForMaelstrom("{:valid? true}"));
    expect((await vortex(...besides(maelstrom, "--no-store"))).exitCode).toBe(0);
  });

  test.concurrent("reports that verdicts differ, and exits with the worse code", async () => {
    const maelstrom = standInForMaelstrom("{:valid? false}", 1);
    const { stdout, exitCode } = await vortex(...besides(maelstrom, "--no-store"));
    expect(stdout).toContain("The verdicts differ: echo");
    expect(exitCode).toBe(1);
  });

  test.concurrent("adds Maelstrom's result to the line of --json", async () => {
    const maelstrom = standInForMaelstrom("{:valid? true}");
    const { stdout } = await vortex(...besides(maelstrom, "--no-store", "--json"));
    expect(JSON.parse(stdout)).toMatchObject({ valid: true, maelstrom: { valid: true } });
  });

  test.concurrent("keeps its own result when Maelstrom crashes, and shows Maelstrom's last lines", async () => {
    const maelstrom = standInForMaelstrom(undefined);
    const { stdout, stderr, exitCode } = await vortex(
      ...besides(maelstrom, "--no-store", "--json"),
    );
    expect(JSON.parse(stdout).valid).toBe(true);
    expect(stderr).toContain("Maelstrom left no results (exit code 255)");
    expect(stderr).toContain("Node n0 crashed with exit status 1");
    expect(exitCode).toBe(255);
  });

  test.concurrent("refuses a fault that Maelstrom lacks before it runs anything", async () => {
    const maelstrom = standInForMaelstrom("{:valid? true}");
    const { stdout, stderr, exitCode } = await vortex(...besides(maelstrom, "--nemesis", "kill"));
    expect(stderr).toContain("Maelstrom has no --nemesis kill: omit it, or omit --maelstrom");
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 254 });
  });

  test.concurrent("reports a Maelstrom that does not exist", async () => {
    const { stderr, exitCode } = await vortex(...besides("/no/such/maelstrom"));
    expect(stderr).toContain("--maelstrom /no/such/maelstrom: file not found");
    expect(exitCode).toBe(254);
  });

  test.concurrent("kills Maelstrom when it is interrupted", async () => {
    const maelstrom = standInForMaelstrom("{:valid? true}", 0, 60);
    const store = temporaryDirectory();
    const child = spawnVortex(...besides(maelstrom, "--store", store));
    const pidFile = () => {
      const run = readdirSync(store).find((name) => name.startsWith("maelstrom-"));
      return run === undefined ? "" : join(store, run, "pid");
    };
    const pid = Number(await textWrittenTo(pidFile));
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    while (isRunning(pid)) await Bun.sleep(10);
  });
});

describe("vortex stages --maelstrom", () => {
  test.concurrent("shows the results of each stage side by side", async () => {
    const maelstrom = standInForMaelstrom("{:net {:servers {:msgs-per-op 0.5}} :valid? true}");
    const { stdout, exitCode } = await vortex(
      "stages",
      "1",
      "--no-store",
      "--maelstrom",
      maelstrom,
    );
    expect(stdout).toMatch(/│ 1 │ valid +│ +0\.00 │ .* │ valid +│ +0\.50 │/);
    expect(exitCode).toBe(0);
  });
});
