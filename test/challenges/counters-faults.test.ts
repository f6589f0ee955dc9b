/**
 * Simulations of the counters and the set under faults, a few seeds each; SEEDS=1000 runs that many.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { gCounter } from "../../challenges/g-counter.ts";
import { gSet } from "../../challenges/g-set.ts";
import { pnCounter } from "../../challenges/pn-counter.ts";
import type { Operation } from "../../lib/workbench/history/history.ts";
import { type Fault, REAL_FAULTS } from "../../lib/workbench/nemesis/faults.ts";
import { sweepFaults } from "../support/simulations/fault-sweep.ts";
import {
  runSimulated,
  type Simulated,
  type SimulatedOptions,
} from "../support/simulations/simulate.ts";

setDefaultTimeout(3_600_000);

const NODES = 3;
const CONCURRENCY = 4 * NODES;
const usual: SimulatedOptions = {
  nodeCount: NODES,
  concurrency: CONCURRENCY,
  rate: 100,
  timeLimitS: 12,
  nemesisIntervalS: 2,
  recoveryS: 3,
};
const FRESH_MS = 1000;
const SET_FRESH_MS = 500;

interface Call {
  readonly invoked: Operation;
  readonly completed: Operation;
}

/** The ok completions of one operation type, in order. */
function okCalls(history: readonly Operation[], f: string): Call[] {
  const open = new Map<Operation["process"], Operation>();
  const calls: Call[] = [];
  for (const operation of history) {
    const invoked = open.get(operation.process);
    if (operation.type === "invoke") open.set(operation.process, operation);
    else if (operation.type === "ok" && operation.f === f && invoked !== undefined) {
      calls.push({ invoked, completed: operation });
    }
  }
  return calls;
}

const nodeOf = ({ process }: Operation) => (Number(process) % CONCURRENCY) % NODES;

/** Reads of a grow-only counter that return less than an earlier read on the same node. */
function readsThatFell({ history }: Simulated): string[] {
  const reads = okCalls(history, "read");
  const highest = Array.from({ length: NODES }, () => [{ time: -1, value: 0 }]);
  const problems: string[] = [];
  for (const { invoked, completed } of reads) {
    const known = highest[nodeOf(invoked)] ?? [];
    const before = known.findLast(({ time }) => time < invoked.time)?.value ?? 0;
    const value = Number(completed.value);
    if (value < before) problems.push(`read ${completed.index} shows ${value} after ${before}`);
    known.push({ time: completed.time, value: Math.max(value, known.at(-1)?.value ?? 0) });
  }
  return problems;
}

/** Reads that lack an add acknowledged long enough earlier. */
function staleReads({ history }: Simulated, freshMs = FRESH_MS): string[] {
  const adds = okCalls(history, "add");
  return okCalls(history, "read").flatMap(({ invoked, completed }) => {
    const untilNs = invoked.time - freshMs * 1e6;
    const expected = adds.reduce(
      (sum, add) => (add.completed.time < untilNs ? sum + Number(add.completed.value) : sum),
      0,
    );
    const value = Number(completed.value);
    return value < expected ? [`read ${completed.index} shows ${value}, not ${expected}`] : [];
  });
}

/** Reads of a set that lack an element acknowledged long enough earlier. */
function staleSets({ history }: Simulated): string[] {
  const adds = okCalls(history, "add");
  return okCalls(history, "read").flatMap(({ invoked, completed }) => {
    const untilNs = invoked.time - SET_FRESH_MS * 1e6;
    const found = new Set(completed.value as readonly unknown[]);
    const missing = adds.filter(
      (add) => add.completed.time < untilNs && !found.has(add.completed.value),
    );
    return missing.length > 0 ? [`read ${completed.index} misses ${missing.length}`] : [];
  });
}

/** Situations that a fault must bring about, or its test proves nothing. */
const REACHED: Readonly<Record<string, readonly string[]>> = {
  partition: ["a silent peer's bucket is read instead", "a silent peer answers again"],
  kill: ["a silent peer's bucket is read instead"],
  pause: ["a silent peer's bucket is read instead", "a silent peer answers again"],
  loss: ["a silent peer's bucket is read instead", "a silent peer answers again"],
  slow: ["adds share a write"],
};

describe("g-counter in simulation", () => {
  const sweep = (options: SimulatedOptions & { nemesis: readonly Fault[] }) =>
    sweepFaults({
      workload: "g-counter",
      program: gCounter,
      seedCount: 8,
      options: { ...usual, ...options },
      alsoWrong: (run) => [...readsThatFell(run), ...staleReads(run)],
    });

  test("is exact, never falls, and is never older than a second without faults", () => {
    expect(sweep({ nemesis: [] }).problems).toEqual([]);
  });

  test.each(REAL_FAULTS)("stays so under %s", (fault) => {
    const { problems, firedFraction, reached } = sweep({ nemesis: [fault] });
    expect(firedFraction).toBeGreaterThan(0.5);
    for (const situation of REACHED[fault] ?? []) expect(reached).toContain(situation);
    expect(problems).toEqual([]);
  });

  test("stays so under all faults at once", () => {
    const { problems, reached } = sweep({ nemesis: REAL_FAULTS, timeLimitS: 20 });
    for (const situation of Object.values(REACHED).flat()) expect(reached).toContain(situation);
    expect(problems).toEqual([]);
  });

  test("stays so when messages take 10 ms on average and overtake each other", () => {
    const latency = { meanMs: 10, distribution: "exponential" } as const;
    const nemesis = REAL_FAULTS.filter((fault) => fault !== "slow");
    expect(sweep({ nemesis, latency, timeLimitS: 20 }).problems).toEqual([]);
  });

  test.each(["constant", "exponential"] as const)(
    "stays so when answers take twice as long as reads wait for them, or longer: %s",
    (distribution) => {
      const latency = { meanMs: 300, distribution };
      expect(sweep({ nemesis: [], latency, timeLimitS: 20 }).problems).toEqual([]);
    },
  );
});

describe("g-counter without durability, in simulation", () => {
  test("is exact, never falls, and is never older than 6 s, under the faults that stop no node", () => {
    const { problems } = sweepFaults({
      workload: "g-counter",
      program: gCounter,
      seedCount: 4,
      options: {
        ...usual,
        recoveryS: 7,
        nemesis: REAL_FAULTS.filter((fault) => fault !== "kill" && fault !== "pause"),
      },
      args: ["--no-durable"],
      // Stored within 2.5 s, shown within another 3.5 s.
      alsoWrong: (run) => [...readsThatFell(run), ...staleReads(run, 6000)],
    });
    expect(problems).toEqual([]);
  });
});

describe("g-counter with four clients a node", () => {
  /** How many messages of a type there are for each operation of a kind that was ok. */
  const messagesPer = (f: string, type: string, clientsPerNode: number, args: string[] = []) => {
    const { history, messages } = runSimulated(
      "g-counter",
      gCounter,
      {
        nodeCount: NODES,
        concurrency: clientsPerNode * NODES,
        rate: 10_000,
        timeLimitS: 5,
        latency: { meanMs: 10, distribution: "constant" },
      },
      { args },
    );
    const sent = messages.filter(
      ({ type: event, message }) => event === "send" && message.body["type"] === type,
    );
    const calls = okCalls(history, f).filter(({ completed }) => completed.value !== 0);
    return sent.length / calls.length;
  };

  test("stores concurrent adds in one write", () => {
    expect(messagesPer("add", "cas", 1)).toBeCloseTo(1, 1);
    expect(messagesPer("add", "cas", 4)).toBeLessThan(0.6);
  });

  test("asks once for concurrent reads", () => {
    expect(messagesPer("read", "local", 1, ["--fresh-ms", "0"])).toBeCloseTo(2, 0);
    expect(messagesPer("read", "local", 4, ["--fresh-ms", "0"])).toBeLessThan(1.3);
  });
});

describe("pn-counter in simulation", () => {
  const sweep = (nemesis: readonly Fault[], timeLimitS = 12) =>
    sweepFaults({
      workload: "pn-counter",
      program: pnCounter,
      seedCount: 4,
      options: { ...usual, nemesis, timeLimitS },
    });

  test.each(REAL_FAULTS)("is valid under %s", (fault) => {
    const { problems, firedFraction, reached } = sweep([fault]);
    expect(firedFraction).toBeGreaterThan(0.5);
    for (const situation of REACHED[fault] ?? []) expect(reached).toContain(situation);
    expect(problems).toEqual([]);
  });

  test("is valid under all faults at once", () => {
    expect(sweep(REAL_FAULTS, 20).problems).toEqual([]);
  });
});

describe("g-set in simulation", () => {
  const sweep = (nemesis: readonly Fault[], options: SimulatedOptions = {}) =>
    sweepFaults({
      workload: "g-set",
      program: gSet,
      seedCount: 4,
      options: { ...usual, ...options, nemesis },
      alsoWrong: staleSets,
    });

  // Its nodes exchange no messages that could be dropped or duplicated.
  test.each([
    ["kill", ["a restarted node finds its log"]],
    ["pause", []],
    ["slow", ["elements share a record"]],
  ] as const)("is valid under %s", (fault, situations) => {
    const { problems, firedFraction, reached } = sweep([fault]);
    expect(firedFraction).toBeGreaterThan(0.5);
    for (const situation of situations) expect(reached).toContain(situation);
    expect(problems).toEqual([]);
  });

  test("is valid under all faults at once", () => {
    expect(sweep(REAL_FAULTS).problems).toEqual([]);
  });

  test("is valid when an answer takes 600 ms on average", () => {
    const latency = { meanMs: 300, distribution: "exponential" } as const;
    expect(sweep([], { latency }).problems).toEqual([]);
  });
});

describe("g-counter at the load of stage 4", () => {
  const load = { nodeCount: 3, concurrency: 3, rate: 100, timeLimitS: 20 } as const;
  const median = (figures: number[]) =>
    figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)];

  test.each([
    [[], 0.75],
    [["--no-durable"], 0.15],
  ])(
    "with arguments %p takes at most %d messages between servers for an operation",
    (args, most) => {
      const figures = [1, 2, 3, 4, 5].map((seed) => {
        const options = { ...load, nemesis: ["partition"] as const, seed };
        const { result } = runSimulated("g-counter", gCounter, options, { args });
        expect(result.valid).toBe(true);
        return result.net.servers.msgsPerOp ?? Number.NaN;
      });
      expect(median(figures)).toBeLessThanOrEqual(most);
    },
  );
});
