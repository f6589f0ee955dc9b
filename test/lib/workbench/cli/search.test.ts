import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import {
  ROOT,
  spawnVortex,
  temporaryDirectory,
  vortex,
} from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

const FORGETFUL = `
  import * as v from "valibot";
  export function forgetful(node) {
    let last = 0;
    node.handle("generate", v.object({}), () => ({ type: "generate_ok", id: node.id + "-" + ++last }));
  }`;
const TEST = ["-w", "unique-ids", "--node-count", "3", "--rate", "20", "--time-limit", "10"];
const SIM = ["sim", "", ...TEST, "--nemesis", "kill,pause", "--nemesis-interval", "3"];
const State = v.looseObject({
  nextSeed: v.number(),
  runCount: v.number(),
  variationCount: v.number(),
});
const Faults = v.record(v.string(), v.number());
const Failure = v.looseObject({
  seed: v.number(),
  command: v.string(),
  faults: Faults,
  maxMs: v.number(),
});
const Summary = v.object({ failures: v.array(Failure) });
const Result = v.looseObject({
  valid: v.boolean(),
  faults: Faults,
  perf: v.looseObject({ latencies: v.looseObject({ all: v.looseObject({ 1: v.number() }) }) }),
});

describe("vortex sim --search", () => {
  test.concurrent("prints a command that repeats the run of a sweep, on any number of processes", async () => {
    const file = join(temporaryDirectory(), "forgetful.ts");
    writeFileSync(file, FORGETFUL);
    const sweep = [...SIM.with(1, file), "--search", "mixed", "--seeds", "1..12", "--json"];
    const [one, two] = await Promise.all([
      vortex(...sweep, "--jobs", "1"),
      vortex(...sweep, "--jobs", "2"),
    ]);
    expect(one.stdout).toBe(two.stdout);
    const { failures } = v.parse(Summary, JSON.parse(one.stdout));
    expect(failures.length).toBeGreaterThan(1);
    for (const { seed, command, faults, maxMs } of failures.slice(0, 2)) {
      expect(command).toContain(`--search mixed --seed ${seed}`);
      const words = [...command.split(" ").slice(1), "--json"];
      const [again, onceMore] = await Promise.all([vortex(...words), vortex(...words)]);
      expect(again.stdout).toBe(onceMore.stdout);
      const result = v.parse(Result, JSON.parse(again.stdout));
      expect(result).toMatchObject({ valid: false, faults });
      // In nanoseconds: another run of the seed would have another.
      expect(result.perf.latencies.all[1]).toBe(maxMs);
    }
  });

  test.concurrent.each([
    ["swarn", 'Unknown strategy "swarn". Did you mean "swarm"?'],
    ["mixed,swarm", '"mixed" cannot be combined with others.'],
  ])("refuses %s", async (strategies, problem) => {
    const file = join(ROOT, "challenges/unique-ids.ts");
    const { exitCode, stderr } = await vortex(...SIM.with(1, file), "--search", strategies);
    expect(exitCode).toBe(254);
    expect(stderr).toContain(problem);
  });
});

describe("vortex sim --for", () => {
  const forgetful = () => {
    const directory = temporaryDirectory();
    const file = join(directory, "forgetful.ts");
    writeFileSync(file, FORGETFUL);
    return { file, corpus: join(directory, "corpus") };
  };
  const campaign = (file: string, corpus: string, ...more: string[]) => [
    ...[...SIM.with(1, file), "--for", "50s", "--corpus", corpus, "--jobs", "1"],
    ...["--search", "adaptive", ...more],
  ];
  const stateOf = (corpus: string): unknown =>
    JSON.parse(readFileSync(join(corpus, "campaign.json"), "utf8"));

  test.concurrent("keeps failures with a command each, and runs them first when it goes on", async () => {
    const { file, corpus } = forgetful();
    const first = await vortex(...campaign(file, corpus, "--stop-after", "3", "--json"));
    expect(first.exitCode).toBe(1);
    const { failures } = v.parse(Summary, JSON.parse(first.stdout));
    expect(failures).toHaveLength(3);
    const stored = readdirSync(join(corpus, "failures"));
    expect(stored.filter((name) => /^[sv]\d+\.json$/.test(name))).toHaveLength(3);
    for (const { command } of failures) {
      const again = await vortex(...command.split(" ").slice(1));
      expect(again.exitCode).toBe(1);
    }
    const before = stateOf(corpus);
    const second = await vortex(...campaign(file, corpus, "--stop-after", "1", "--json"));
    const [firstAgain] = v.parse(Summary, JSON.parse(second.stdout)).failures;
    expect(failures.map(({ command }) => command)).toContain(firstAgain?.command ?? "");
    expect(stateOf(corpus)).toMatchObject({ nextSeed: v.parse(State, before).nextSeed });
  });

  test.concurrent("shrinks a variation from its decisions, not from the run of its seed", async () => {
    const { file, corpus } = forgetful();
    const failures = join(corpus, "failures");
    mkdirSync(failures, { recursive: true });
    const generate = { thread: 0, node: "n0", f: "generate", value: null };
    const kill = { thread: "nemesis", targets: ["n0"] };
    const operations = [
      { atNs: 0, ...generate },
      { atNs: 2e8, f: "start-kill", value: "one", ...kill },
      { atNs: 4e8, f: "stop-kill", value: null, ...kill },
      { atNs: 8e8, ...generate },
    ];
    const decisions = { version: 1, main: { lengthNs: 1e9, operations } };
    writeFileSync(join(failures, "v1.decisions.json"), JSON.stringify(decisions));
    const failure = { version: 1, seed: 1, kind: "duplicated", command: "" };
    writeFileSync(join(failures, "v1.json"), JSON.stringify(failure));
    const short = ["--time-limit", "1"];
    const [ofSeed, shrunk] = await Promise.all([
      vortex(...SIM.with(1, file), ...short, "--search", "adaptive", "--seed", "1"),
      vortex(...campaign(file, corpus, ...short, "--stop-after", "1", "--shrink")),
    ]);
    expect([ofSeed.exitCode, shrunk.exitCode]).toEqual([0, 1]);
    expect(shrunk.stdout).toContain("Smallest failing test:");
  });

  test.concurrent("keeps runs that did something new, refuses a second campaign, and loses nothing when it is interrupted", async () => {
    const { corpus } = forgetful();
    const file = join(ROOT, "test/programs/broadcast.ts");
    const words = ["sim", file, "-w", "broadcast", "--node-count", "3", "--time-limit", "3"];
    const child = spawnVortex(...words, "--for", "1h", "--corpus", corpus, "--jobs", "1");
    const kept = () => (existsSync(join(corpus, "runs")) ? readdirSync(join(corpus, "runs")) : []);
    while (kept().filter((name) => name.endsWith(".json")).length < 4) await Bun.sleep(50);
    const state = () => v.parse(State, stateOf(corpus));
    while (state().variationCount === 0) await Bun.sleep(50);
    const second = await vortex(...words, "--for", "1s", "--corpus", corpus, "--jobs", "1");
    expect(second.exitCode).toBe(254);
    expect(second.stderr).toMatch(
      /: \S+ is used by process \d+: end it, or pass another --corpus DIR/,
    );
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    const { nextSeed, runCount } = state();
    expect(nextSeed).toBeWithin(2, runCount + 1);
  });

  test.concurrent("refuses a directory of another test, and damaged files, and says what to do", async () => {
    const { file, corpus } = forgetful();
    await vortex(...campaign(file, corpus, "--stop-after", "1"));
    const other = await vortex(...campaign(file, corpus, "--rate", "21"));
    expect(other.exitCode).toBe(254);
    expect(other.stderr).toContain("is of another test: vortex sim");
    const [name = ""] = readdirSync(join(corpus, "failures"));
    const damaged = join(corpus, "failures", name);
    writeFileSync(damaged, "{");
    const { exitCode, stderr } = await vortex(...campaign(file, corpus));
    expect(exitCode).toBe(254);
    expect(stderr).toContain(`${damaged} cannot be read as a file of a campaign`);
    expect(stderr).toContain("Delete it, or choose another --corpus");
  });

  test.concurrent.each([
    [["--for", "10"], "It must be a time with a unit, such as 90s, 10m or 2h."],
    [["--corpus", "dir"], "--corpus needs a time: add --for, as in --for 10m"],
    [["--for", "1m", "--seeds", "1..2"], "cannot be used with option '--seeds"],
  ])("refuses %p", async (words, problem) => {
    const { exitCode, stderr } = await vortex(
      ...SIM.with(1, join(ROOT, "challenges/unique-ids.ts")),
      ...words,
    );
    expect(exitCode).toBe(254);
    expect(stderr).toContain(problem);
  });
});
