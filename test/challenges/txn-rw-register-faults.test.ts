/** Simulations of transactions under faults, 6 seeds each; `SEEDS=500` runs more. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { txnRwRegister } from "../../challenges/txn-rw-register.ts";
import type { KVNode } from "../../lib/vortex/index.ts";
import { toArgv } from "../../lib/workbench/cli/argv.ts";
import { type Fault, REAL_FAULTS } from "../../lib/workbench/nemesis/faults.ts";
import { findingsOf } from "../../lib/workbench/run/check-history.ts";
import {
  runSimulated,
  type SimulatedOptions,
  testOptionsOf,
} from "../support/simulations/simulate.ts";

setDefaultTimeout(3_600_000);

const SEEDS = Number(process.env["SEEDS"] ?? 6);
/** Findings about a run without replies, in which nodes were dead or paused all the time. */
const UNANSWERED = new Set(["unanswered", "never-ok", "empty-transaction-graph"]);

const MODELS = ["read-uncommitted", "read-committed", "monotonic-atomic-view", "read-atomic"];

interface Sweep {
  /** The findings, each with the command that replays its run. */
  readonly problems: readonly string[];
  /** Number of runs in which every fault took effect. */
  readonly effectiveCount: number;
  /** The situations of the program that at least one run reached. */
  readonly reached: ReadonlySet<string>;
}

/** Situations that kills must bring about, or their test proves nothing. */
const RESTARTED = [
  "a peer has restarted, and is taken over",
  "a message is for this node before its restart",
];

/** Runs seeds on 2 to 7 nodes, and compares the replicas 1 s after the last fault. */
function sweep(
  options: SimulatedOptions & { readonly nemesis: readonly Fault[] },
  args: readonly string[] = [],
): Sweep {
  const problems: string[] = [];
  let effectiveCount = 0;
  const reached = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const nodeCount = 2 + (seed % 6);
    const whole = {
      nodeCount,
      concurrency: 2 * nodeCount,
      rate: 200,
      timeLimitS: 8,
      nemesisIntervalS: 1,
      consistencyModels: MODELS,
      converge: true,
      recoveryS: 1,
      seed,
      ...options,
    };
    const { result } = runSimulated("txn-rw-register", txnRwRegister, whole, { args });
    const wrong = findingsOf(result).filter(
      ({ anomaly }) => result.unanswered === undefined || !UNANSWERED.has(anomaly),
    );
    for (const { name, count } of result.coverage?.sometimes ?? []) {
      if (count > 0) reached.add(name);
    }
    const flags = toArgv(testOptionsOf("txn-rw-register", whole));
    for (const { anomaly, sentence } of wrong) {
      const command = `vortex sim challenges/txn-rw-register.ts ${[...flags, "--", ...args].join(" ")}`;
      problems.push(`${anomaly}: ${sentence}\n${command}`);
    }
    if (options.nemesis.every((fault) => (result.faults[fault] ?? 0) > 0)) effectiveCount++;
  }
  return { problems, effectiveCount, reached };
}

describe("txn-rw-register in simulation", () => {
  test.each(REAL_FAULTS)(
    "is read atomic under %s, and its replicas are equal 1 s later",
    (fault) => {
      const { problems, effectiveCount, reached } = sweep({ nemesis: [fault] });
      expect(effectiveCount).toBeGreaterThan(SEEDS / 2);
      if (fault === "kill") for (const situation of RESTARTED) expect(reached).toContain(situation);
      expect(problems).toEqual([]);
    },
  );

  test("is read atomic under all faults at once, and its replicas are equal 1 s later", () => {
    const { problems, reached } = sweep({ nemesis: REAL_FAULTS, timeLimitS: 20 });
    for (const situation of [...RESTARTED, "a peer is given up, and taken over"]) {
      expect(reached).toContain(situation);
    }
    expect(problems).toEqual([]);
  });

  // Without `slow`: a message sent before the heal may arrive more than 1 s after it.
  test.each([
    [10, "exponential"],
    [50, "uniform"],
    [100, "exponential"],
  ] as const)(
    "is read atomic and converges where messages take %i ms, %s, and overtake each other",
    (meanMs, distribution) => {
      const nemesis = REAL_FAULTS.filter((fault) => fault !== "slow");
      const { problems } = sweep({ nemesis, latency: { meanMs, distribution } });
      expect(problems).toEqual([]);
    },
  );

  test("is read atomic and converges with --durable", () => {
    const { problems, effectiveCount } = sweep({ nemesis: REAL_FAULTS, timeLimitS: 20 }, [
      "--durable",
    ]);
    expect(effectiveCount).toBeGreaterThan(SEEDS / 2);
    expect(problems).toEqual([]);
  });

  test("is totally available under the faults that leave all nodes running", () => {
    const nemesis = REAL_FAULTS.filter((fault) => fault !== "kill" && fault !== "pause");
    expect(sweep({ nemesis, availability: "total" }).problems).toEqual([]);
  });
});

describe("txn-rw-register at the load of stage 6b", () => {
  const load = { nodeCount: 2, concurrency: 4, rate: 1000, timeLimitS: 20 };

  test.each([[[]], [["partition"]]] as const)(
    "sends at most 0.1 messages between servers per operation, with faults %p",
    (nemesis) => {
      for (let seed = 1; seed <= 3; seed++) {
        const options = { ...load, nemesis, seed, consistencyModels: ["read-committed"] };
        const { result } = runSimulated("txn-rw-register", txnRwRegister, options);
        expect(result.valid).toBe(true);
        expect(result.net.servers.msgsPerOp).toBeLessThanOrEqual(0.1);
      }
    },
  );

  test("does not probe a peer whose acknowledgement waits for news, however long", () => {
    const patient = (node: KVNode) => txnRwRegister(node, { flushMs: 1000, durable: false });
    const { result, messages } = runSimulated("txn-rw-register", patient, { ...load, rate: 100 });
    expect(result.net.servers.msgCount).toBeGreaterThan(15);
    const probes = messages.filter(
      ({ type, message: { body } }) =>
        type === "send" && body["wantsAck"] === true && !("upTo" in body),
    );
    // The first message of each node.
    expect(probes).toHaveLength(2);
  });
});
