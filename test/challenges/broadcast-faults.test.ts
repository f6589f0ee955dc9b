/**
 * Simulations of broadcast under faults, on a few seeds each; SEEDS=1000 tries that many.
 *
 * The final reads follow the last fault by 1 s, or two cycles if that is longer, and a few network
 * delays. All nodes must show the same values by then.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { broadcast } from "../../challenges/broadcast.ts";
import { type Fault, REAL_FAULTS } from "../../lib/workbench/nemesis/faults.ts";
import { sweepFaults } from "../support/simulations/fault-sweep.ts";
import {
  runSimulated,
  type Simulated,
  type SimulatedOptions,
} from "../support/simulations/simulate.ts";

setDefaultTimeout(3_600_000);

const CYCLE_MS = 400;
const ALL_BUT_KILL = REAL_FAULTS.filter((fault) => fault !== "kill");

/** Time to recover: the promised one, and delays for a question, its answer, and passing that on. */
function recoveryS(delayMs: number, cycleMs = CYCLE_MS): number {
  return (Math.max(1000, 2 * cycleMs) + 4 * delayMs) / 1000;
}

/** Final reads that lack values of others. */
function differences({ history }: Simulated): string[] {
  const reads = history.filter(({ type, f, final }) => type === "ok" && f === "read" && final);
  const shown = reads.map(({ value }) => new Set(value as number[]));
  const all = new Set(shown.flatMap((values) => [...values]));
  return shown.flatMap((values, index) => {
    const missing = [...all].filter((value) => !values.has(value));
    const where = `the final read of process ${reads[index]?.process}`;
    return missing.length === 0 ? [] : [`unequal: ${where} lacks ${missing.slice(0, 5)}`];
  });
}

/** Seconds with more messages than news can explain, as when nodes answer each other's answers. */
function storms({ messages }: Simulated, nodeCount: number): string[] {
  const sent = messages.filter(
    ({ type, message: { src, dest } }) =>
      type === "send" && src.startsWith("n") && dest.startsWith("n"),
  );
  return [...Map.groupBy(sent, ({ time }) => Math.floor(time / 1e9))].flatMap(([second, group]) =>
    group.length > 60 * nodeCount ? [`storm: ${group.length} messages in second ${second}`] : [],
  );
}

function sweep(
  options: SimulatedOptions & { readonly nemesis: readonly Fault[] },
  args: readonly string[] = [],
) {
  return sweepFaults({
    workload: "broadcast",
    program: broadcast,
    seedCount: 5,
    options: {
      nodeCount: 5,
      rate: 20,
      timeLimitS: 15,
      nemesisIntervalS: 2,
      recoveryS: recoveryS(0),
      ...options,
    },
    args,
    alsoWrong: (run) => [...differences(run), ...storms(run, options.nodeCount ?? 5)],
  });
}

/** Situations that a fault must bring about, or its test proves nothing. */
const REACHED: Readonly<Record<string, readonly string[]>> = {
  partition: ["a node loses its parent", "a node loses a child", "a lost peer is back"],
  pause: ["a node loses its parent", "a node loses a child", "a lost peer is back"],
  loss: ["a node loses its parent", "a lost peer is back"],
};
const RESTARTED = ["a peer has restarted", "a message is for this node before its restart"];

describe("broadcast in simulation", () => {
  test.each(ALL_BUT_KILL)("loses nothing under %s, and all nodes are equal soon after", (fault) => {
    const delayMs = fault === "slow" ? 100 : 0;
    const { problems, firedFraction, reached } = sweep({
      nemesis: [fault],
      recoveryS: recoveryS(delayMs),
    });
    expect(problems).toEqual([]);
    for (const situation of REACHED[fault] ?? []) expect(reached).toContain(situation);
    expect(firedFraction).toBeGreaterThan(0.5);
  });

  test("loses nothing under all faults that kill no node", () => {
    const { problems, firedFraction } = sweep({
      nemesis: ALL_BUT_KILL,
      recoveryS: recoveryS(100),
    });
    expect(problems).toEqual([]);
    expect(firedFraction).toBeGreaterThan(0.5);
  });

  test.each(["constant", "uniform", "exponential"] as const)(
    "loses nothing on 25 nodes with 100 ms of %s latency under all faults that kill no node",
    (distribution) => {
      const { problems, firedFraction } = sweep({
        nemesis: ALL_BUT_KILL,
        nodeCount: 25,
        rate: 100,
        latency: { meanMs: 100, distribution },
        // Messages that were slow when the fault ended stay in flight for a second or more.
        recoveryS: recoveryS(distribution === "constant" ? 600 : 1500),
      });
      expect(problems).toEqual([]);
      expect(firedFraction).toBeGreaterThan(0.5);
    },
  );

  test.each([[0], [1500]])("loses nothing with --flush-ms %d", (flushMs) => {
    const { problems } = sweep(
      { nemesis: ALL_BUT_KILL, recoveryS: recoveryS(100, flushMs === 0 ? 1000 : flushMs) },
      ["--flush-ms", String(flushMs)],
    );
    expect(problems).toEqual([]);
  });

  test("sends a node that was killed every value of the others", () => {
    // Without --durable, values may be lost with their node, but nodes must not differ.
    const { problems, reached } = sweep({ nemesis: ["kill"] });
    expect(problems.filter((problem) => !problem.startsWith("lost:"))).toEqual([]);
    for (const situation of RESTARTED) expect(reached).toContain(situation);
  });

  test("loses nothing with --durable when nodes are killed, and all nodes are equal soon after", () => {
    const { problems, reached } = sweep({ nemesis: ["kill"] }, ["--durable"]);
    expect(problems).toEqual([]);
    for (const situation of [...RESTARTED, "a restarted node finds its log"]) {
      expect(reached).toContain(situation);
    }
  });

  test("loses nothing with --durable on disks that are slow, stall and fail, under all faults", () => {
    const { problems, firedFraction, reached } = sweep(
      { nemesis: [...REAL_FAULTS, "disk"], recoveryS: recoveryS(100) },
      ["--durable", "--storage", "disk"],
    );
    expect(problems).toEqual([]);
    expect(firedFraction).toBeGreaterThan(0.5);
    expect(reached).toContain("a restarted node finds its log");
  });

  test.each([
    [5, 20, 0],
    [25, 100, 100],
  ])(
    "loses nothing with --durable on %d nodes under all faults at once",
    (nodeCount, rate, meanMs) => {
      const { problems, firedFraction } = sweep(
        {
          nemesis: REAL_FAULTS,
          nodeCount,
          rate,
          latency: { meanMs, distribution: "constant" },
          recoveryS: recoveryS(meanMs === 0 ? 100 : 1000),
        },
        ["--durable"],
      );
      expect(problems).toEqual([]);
      expect(firedFraction).toBeGreaterThan(0.5);
    },
  );
});

describe("broadcast at the load of the stages", () => {
  const stage3b: SimulatedOptions = { nodeCount: 5, rate: 10, timeLimitS: 20 };
  const stage3d: SimulatedOptions = {
    nodeCount: 25,
    rate: 100,
    timeLimitS: 20,
    latency: { meanMs: 100, distribution: "constant" },
  };
  const medianOf = (values: readonly number[]) =>
    values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

  test.each([
    ["3a", { nodeCount: 1, rate: 10, timeLimitS: 20 }, [], 0, undefined],
    ["3b", stage3b, [], 2, undefined],
    ["3c", { ...stage3b, nemesis: ["partition"] }, [], 2.5, undefined],
    ["3d", stage3d, [], 1.1, { medianMs: 400, maxMs: 600 }],
    ["3d, partitioned", { ...stage3d, nemesis: ["partition"] }, [], 4, undefined],
    ["3e", stage3d, ["--flush-ms", "1600"], 0.42, { medianMs: 1000, maxMs: 2000 }],
  ] as const)(
    "keeps within the limits of stage %s",
    (_stage, options, args, msgsPerOp, latency) => {
      const runs = [1, 2, 3, 4, 5].map(
        (seed) => runSimulated("broadcast", broadcast, { ...options, seed }, { args }).result,
      );
      expect(runs.map(({ valid }) => valid)).toEqual([true, true, true, true, true]);
      const figure = (read: (run: (typeof runs)[number]) => unknown) =>
        medianOf(runs.map((run) => Number(read(run))));
      expect(figure(({ net }) => net.servers.msgsPerOp)).toBeLessThanOrEqual(msgsPerOp);
      if (latency === undefined) return;
      const stable = (quantile: string) =>
        figure(({ workload }) => Object(workload?.["stableLatencies"])[quantile]);
      expect(stable("0.5")).toBeLessThan(latency.medianMs);
      expect(stable("1")).toBeLessThan(latency.maxMs);
    },
  );
});
