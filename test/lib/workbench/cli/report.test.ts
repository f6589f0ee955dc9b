import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  ECHO,
  echoTest,
  nodeProgram,
  ROOT,
  spawnVortex,
  temporaryDirectory,
  vortex,
} from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

/** Runs an echo test for a second. Returns the path that its report would have. */
async function reported(bin: string, ...more: readonly string[]) {
  const store = temporaryDirectory();
  const run = await vortex(...echoTest(bin, "--store", store, ...more));
  return { ...run, directory: join(store, "latest"), report: join(store, "latest", "report.html") };
}

describe("vortex test", () => {
  test.concurrent("writes the report of a valid test only with --report", async () => {
    const [asked, unasked] = await Promise.all([reported(ECHO, "--report"), reported(ECHO)]);
    expect(existsSync(asked.report)).toBe(true);
    expect(asked.stderr).toMatch(/^Report: .*report\.html$/m);
    expect(existsSync(unasked.report)).toBe(false);
    expect(unasked.stderr).not.toContain("Report: ");
  });

  test.concurrent("writes the report of every test that is not valid", async () => {
    const shouting = nodeProgram(`reply({ type: "echo_ok", echo: body.echo.toUpperCase() });`);
    const { exitCode, report } = await reported(shouting);
    expect([exitCode, existsSync(report)]).toEqual([1, true]);
  });

  test.concurrent("writes the report of a test that crashed", async () => {
    const { exitCode, report } = await reported(nodeProgram("process.exit(3);"));
    expect([exitCode, existsSync(report)]).toEqual([255, true]);
  });

  test.concurrent("refuses --report with --no-store", async () => {
    const { exitCode, stderr } = await vortex(...echoTest(ECHO, "--report", "--no-store"));
    expect(stderr).toContain("--report cannot be used with --no-store");
    expect(exitCode).toBe(254);
  });
});

describe("vortex sim", () => {
  test.concurrent("stores the run and its report with --report", async () => {
    const store = temporaryDirectory();
    const { exitCode, stderr } = await vortex(
      ...["sim", join(ROOT, "challenges/echo.ts"), "-w", "echo", "--time-limit", "1"],
      ...["--seed", "7", "--report", "--store", store],
    );
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^Report: .*report\.html$/m);
    const { exitCode: checked } = await vortex("check", join(store, "latest"));
    expect(checked).toBe(0);
  });

  test.concurrent("refuses --report with many seeds", async () => {
    const { stderr, exitCode } = await vortex(
      ...["sim", join(ROOT, "challenges/echo.ts"), "-w", "echo", "--seeds", "1..2", "--report"],
    );
    expect(stderr).toContain("--report needs a single test");
    expect(exitCode).toBe(254);
  });
});

describe("vortex report", () => {
  test.concurrent("writes a stored run's report and prints its path", async () => {
    const { directory, report } = await reported(ECHO);
    const { stdout, exitCode } = await vortex("report", directory);
    expect([stdout, exitCode]).toEqual([`${report}\n`, 0]);
    expect(existsSync(report)).toBe(true);
  });

  test.concurrent.each([
    ["nothing", "/nowhere/at/all", "directory not found"],
    ["a directory without a run", temporaryDirectory(), "is not a run"],
    ["another file", ECHO, "not a run's directory, such as store/latest"],
  ])("refuses %s", async (_, path, reason) => {
    const { stderr, exitCode } = await vortex("report", path);
    expect(stderr).toContain(reason);
    expect(exitCode).toBe(254);
  });
});

describe("vortex serve", () => {
  test.concurrent("serves until it is interrupted, on this machine only", async () => {
    const child = spawnVortex("serve", "--port", "0", "--store", temporaryDirectory());
    const reader = child.stderr.getReader();
    const { value } = await reader.read();
    const [address = ""] = /http:\S+/.exec(new TextDecoder().decode(value)) ?? [];
    expect(new URL(address).hostname).toBe("127.0.0.1");
    expect(await (await fetch(address)).text()).toContain("No runs in");
    child.kill("SIGINT");
    expect(await child.exited).toBe(0);
  });
});
