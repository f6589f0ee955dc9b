/** Sweeps and campaigns on workers at a NATS server, as processes. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { SUBJECTS } from "../../../../lib/workbench/fleet/messages.ts";
import { connectNats } from "../../../../lib/workbench/nats/connection.ts";
import { describeNats, type NatsServer, startNats } from "../../../support/nats.ts";
import { startTester, startWorker } from "../../../support/processes/fleet.ts";
import {
  ROOT,
  temporaryDirectory,
  type VortexRun,
  vortex,
} from "../../../support/processes/vortex.ts";

/** Gives numbers again after a restart. */
const FORGETFUL = `
  import * as v from "valibot";
  export function forgetful(node) {
    let last = 0;
    node.handle("generate", v.object({}), () => ({ type: "generate_ok", id: node.id + "-" + ++last }));
  }`;
const TEST = ["-w", "unique-ids", "--node-count", "3", "--rate", "20", "--time-limit", "10"];
const KILLS = ["--nemesis", "kill,pause", "--nemesis-interval", "3"];
const Summary = v.looseObject({
  count: v.number(),
  failures: v.array(v.looseObject({ command: v.string(), valid: v.unknown() })),
});

/** Number of seeds of the sweep whose workers are killed, and the time between kills. */
const SEEDS = Number(process.env["SEEDS"] ?? 300);
const KILL_INTERVAL_MS = 10_000;
setDefaultTimeout(SEEDS > 1000 ? 3_600_000 : 120_000);

const SWEEP = [
  ...[join(ROOT, "challenges/unique-ids.ts"), "-w", "unique-ids", "--node-count", "3"],
  ...["--rate", "10", "--time-limit", "3", "--nemesis", "pause,loss", "--nemesis-interval", "1"],
  ...["--seeds", `1..${SEEDS}`, "--json"],
];

function fileOf(text: string, name = "program.ts"): string {
  const file = join(temporaryDirectory(), name);
  writeFileSync(file, text);
  return file;
}

/** Watches a server; `someResults` resolves when workers have sent it some. */
async function watchResults(url: string) {
  const nats = await connectNats({ servers: [url] }, { name: "test", onRemark: () => {} });
  const results = nats.connection.subscribe(`${SUBJECTS.results}.>`, { max: 3 });
  await nats.connection.flush();
  const wait = async () => {
    for await (const _ of results);
    void nats.close();
  };
  return { someResults: wait() };
}

/** Everything but the progress. */
const verdict = ({ stdout, exitCode }: VortexRun) => ({ stdout, exitCode });

describeNats("vortex sim --nats", () => {
  let server: NatsServer;
  let local: VortexRun;
  beforeAll(async () => {
    [server, local] = await Promise.all([startNats(), vortex("sim", ...SWEEP)]);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const alone = (url = server.url) => startWorker(url, "--jobs", "1");

  describe("gives the summary of a local sweep", () => {
    test("of failures, with the commands that repeat them", async () => {
      const sweep = [fileOf(FORGETFUL), ...TEST, ...KILLS, "--seeds", "1..30", "--json"];
      const worker = startWorker(server.url, "--jobs", "2");
      const [here, there] = await Promise.all([
        vortex("sim", ...sweep),
        startTester(server.url, ...sweep).ended,
      ]);
      expect(verdict(there)).toEqual(verdict(here));
      expect(there.exitCode).toBe(1);
      expect(worker.log()).toContain("runs program");
      expect(await worker.stop()).toBe(0);
    });

    test("of crashes, with their places in the sources", async () => {
      const program = fileOf(`
        import * as v from "valibot";
        import { crash } from "./crash.ts";
        export function crashing(node) {
          node.handle("echo", v.object({ echo: v.any() }), () => void crash());
        }`);
      writeFileSync(
        join(program, "../crash.ts"),
        `interface Nothing {}

        export async function crash(): Promise<Nothing> {
          throw new Error("no");
        }`,
      );
      const sweep = [program, "-w", "echo", "--seeds", "1..3", "--json"];
      const worker = alone();
      const [here, there] = await Promise.all([
        vortex("sim", ...sweep),
        startTester(server.url, ...sweep).ended,
      ]);
      expect(verdict(there)).toEqual(verdict(here));
      expect(there.stdout).toContain(`${join(program, "../crash.ts")}:4:`);
      await worker.stop();
    });

    test("with a workload, a nemesis and options from files", async () => {
      const example = join(ROOT, "docs/examples/bank");
      const nemesis = fileOf(
        `import { defineNemesis, kill } from "vortex/workload";
         export const first = defineNemesis({ doc: "Kills.", fault: kill({ targets: ["one"] }) });
         export const second = defineNemesis({ doc: "Kills two.", fault: kill({ targets: ["minority"] }) });`,
        "faults.ts",
      );
      const sweep = [
        ...[join(example, "nodes.ts"), "--export", "stepwise", "-w", join(example, "bank.ts")],
        ...["--node-count", "3", "--rate", "20", "--nemesis", `partition,${nemesis}#second`],
        ...["--time-limit", "5", "--seeds", "1..6", "--json"],
      ];
      const worker = alone();
      const [here, there] = await Promise.all([
        vortex("sim", ...sweep),
        startTester(server.url, ...sweep).ended,
      ]);
      expect(verdict(there)).toEqual(verdict(here));
      expect(JSON.parse(there.stdout).count).toBe(6);
      await worker.stop();
    });

    test("while workers are killed and others come", async () => {
      const workers = [alone(), alone()];
      const { someResults } = await watchResults(server.url);
      const tester = startTester(server.url, ...SWEEP);
      let hasEnded = false;
      void tester.ended.then(() => {
        hasEnded = true;
      });
      let killCount = 0;
      const killOne = () => {
        workers.shift()?.kill();
        workers.push(alone());
        killCount++;
      };
      // Soon, and then at intervals: a small sweep has ended by then.
      await Promise.race([someResults, tester.ended]);
      while (!hasEnded) {
        killOne();
        await Promise.race([tester.ended, Bun.sleep(KILL_INTERVAL_MS)]);
      }
      const fleet = await tester.ended;
      if (SEEDS > 1000) console.log(`${killCount} workers were killed\n${fleet.stderr}`);
      expect(verdict(fleet)).toEqual(verdict(local));
      expect(killCount).toBeGreaterThan(0);
      await Promise.all(workers.map((worker) => worker.stop()));
    });

    test("when it is interrupted and goes on with --resume", async () => {
      const worker = alone();
      const { someResults } = await watchResults(server.url);
      const tester = startTester(server.url, ...SWEEP);
      await Promise.race([someResults, tester.ended]);
      tester.interrupt();
      const interrupted = await tester.ended;
      expect(interrupted.exitCode).toBe(130);
      expect(interrupted.stderr).toContain("To go on with it: add --resume");
      const { count } = v.parse(Summary, JSON.parse(interrupted.stdout));
      expect(count).toBeWithin(1, SEEDS);
      const resumed = await startTester(server.url, ...SWEEP, "--resume").ended;
      const [, before] = /(\d+) seeds had run before/.exec(resumed.stderr) ?? [];
      expect(Number(before)).toBeGreaterThanOrEqual(count);
      expect(verdict(resumed)).toEqual(verdict(local));
      await worker.stop();
    });

    test("when the server is killed and starts again", async () => {
      await using own = await startNats();
      const worker = alone(own.url);
      const { someResults } = await watchResults(own.url);
      const tester = startTester(own.url, ...SWEEP);
      await Promise.race([someResults, tester.ended]);
      await own.kill();
      await own.start();
      const fleet = await tester.ended;
      expect(fleet.stderr).toContain("The connection to NATS is lost");
      expect(verdict(fleet)).toEqual(verdict(local));
      await worker.stop();
    });

    // The tester needs 11 s to notice.
    test.skipIf(SEEDS <= 300)(
      "when the server has lost everything that it had stored",
      async () => {
        await using own = await startNats();
        const worker = alone(own.url);
        const tester = startTester(own.url, ...SWEEP);
        while (!worker.log().includes("runs program")) await Bun.sleep(20);
        await Bun.sleep(1000);
        await own.kill();
        own.forget();
        await own.start();
        const fleet = await tester.ended;
        expect(verdict(fleet)).toEqual(verdict(local));
        await worker.stop();
      },
    );
  });

  test("--for and --corpus share what workers find, and keep it in the tester's directory", async () => {
    const program = fileOf(FORGETFUL);
    const corpus = join(temporaryDirectory(), "corpus");
    const campaign = [
      ...[program, ...TEST, ...KILLS, "--for", "50s", "--corpus", corpus],
      ...["--search", "adaptive", "--json", "--stop-after"],
    ];
    const workers = [alone(), alone()];
    const first = await startTester(server.url, ...campaign, "4").ended;
    expect(first.exitCode).toBe(1);
    const { failures } = v.parse(Summary, JSON.parse(first.stdout));
    expect(failures.length).toBeGreaterThanOrEqual(4);
    for (const { command, valid } of failures) {
      expect(command).toContain(`vortex sim ${program} `);
      const { exitCode } = await vortex(...command.split(" ").slice(1));
      expect(exitCode).toBe(valid === false ? 1 : 2);
    }
    const kept = existsSync(join(corpus, "runs")) ? readdirSync(join(corpus, "runs")) : [];
    expect(kept.length).toBeGreaterThan(0);
    const second = await startTester(server.url, ...campaign, "1").ended;
    const [again] = v.parse(Summary, JSON.parse(second.stdout)).failures;
    expect(failures.map(({ command }) => command)).toContain(again?.command ?? "");
    await Promise.all(workers.map((worker) => worker.stop()));
  });
});
