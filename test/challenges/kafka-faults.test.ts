/** Simulations of logs under faults: a sample of seeds; SEEDS=300 tries that many of each. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { kafka } from "../../challenges/kafka.ts";
import type { AnyProgram } from "../../lib/vortex/index.ts";
import type { StatsVerdict } from "../../lib/workbench/checkers/every-test/stats.ts";
import { type Fault, REAL_FAULTS } from "../../lib/workbench/nemesis/faults.ts";
import { memoryLog } from "../support/processes/programs/memory-log.ts";
import { sweepFaults } from "../support/simulations/fault-sweep.ts";
import {
  runSimulated,
  type Simulated,
  type SimulatedOptions,
} from "../support/simulations/simulate.ts";

setDefaultTimeout(3_600_000);

const usual: SimulatedOptions = {
  nodeCount: 3,
  concurrency: 6,
  rate: 200,
  timeLimitS: 8,
  nemesisIntervalS: 1.5,
  recoveryS: 3,
};

const sweep = (
  options: SimulatedOptions & { readonly nemesis: readonly Fault[] },
  args: readonly string[] = [],
) =>
  sweepFaults({
    workload: "kafka",
    program: kafka,
    seedCount: 5,
    options: { ...usual, ...options },
    args,
    alsoWrong: (run) => commitProblems(run),
  });

/**
 * Committed offsets that fell on some node while it ran, or that a node does not know long after they
 * were acknowledged by any: at once without a fault that stops nodes, else unless they are younger
 * than what a kill may lose.
 */
function commitProblems({ messages, result }: Simulated): string[] {
  const isKilled = (result.faults.kill ?? 0) > 0;
  const isQuiet = Object.values(result.faults).every((count) => count === 0);
  const spreadNs = (isQuiet ? 1.5 : 8) * 1e9;
  const acknowledged: Commit[] = [];
  const requests = new Map<string, { readonly [key: string]: number }>();
  const listed = new Map<string, number>();
  const problems: string[] = [];
  for (const { type, time, message } of messages) {
    const { src, dest, body } = message;
    if (type === "send" && body["type"] === "commit_offsets") {
      requests.set(`${src} ${body["msg_id"]}`, body["offsets"] as { [key: string]: number });
    }
    if (type === "send" && body["type"] === "commit_offsets_ok") {
      const offsets = requests.get(`${dest} ${body["in_reply_to"]}`) ?? {};
      for (const [key, offset] of Object.entries(offsets)) acknowledged.push({ time, key, offset });
    }
    if (type === "send" && body["type"] === "list_committed_offsets_ok") {
      const found = body["offsets"] as { [key: string]: number };
      for (const [key, offset] of Object.entries(found)) {
        const before = listed.get(`${src} ${key}`) ?? Number.NEGATIVE_INFINITY;
        if (offset < before && !isKilled) problems.push(`${src} ${key}: ${offset} after ${before}`);
        listed.set(`${src} ${key}`, offset);
        for (const commit of isKilled ? [] : acknowledged) {
          if (commit.time > time - spreadNs) break;
          if (commit.key === key && commit.offset > offset) {
            problems.push(`${src} ${key}: ${offset}, though ${commit.offset} was committed`);
          }
        }
      }
    }
  }
  return problems;
}

interface Commit {
  /** Time of the acknowledgement, in ns. */
  readonly time: number;
  readonly key: string;
  readonly offset: number;
}

/** Situations that a fault must bring about, or its test proves nothing. */
const REACHED: Readonly<Record<string, readonly string[]>> = {
  partition: ["a silent peer's log is fenced", "a fence takes the place of a record"],
  kill: ["a restarted node finds its log"],
  pause: ["a fence takes the place of a record", "a silent peer has stored a record after all"],
};

describe("kafka in simulation", () => {
  test.each(REAL_FAULTS)("is valid under %s", (fault) => {
    const { problems, firedFraction, reached } = sweep({ nemesis: [fault] });
    expect(firedFraction).toBeGreaterThan(0.5);
    for (const situation of REACHED[fault] ?? []) expect(reached).toContain(situation);
    expect(problems).toEqual([]);
  });

  test("is valid under all faults at once", () => {
    const { problems, reached } = sweep({ nemesis: REAL_FAULTS, timeLimitS: 15 });
    for (const situation of [...(REACHED["partition"] ?? []), ...(REACHED["kill"] ?? [])]) {
      expect(reached).toContain(situation);
    }
    expect(problems).toEqual([]);
  });

  test("is valid when messages take 10 ms on average and overtake each other", () => {
    const latency = { meanMs: 10, distribution: "exponential" } as const;
    const nemesis = REAL_FAULTS.filter((fault) => fault !== "slow");
    expect(sweep({ nemesis, latency, timeLimitS: 15 }).problems).toEqual([]);
  });

  test("is valid without durability under faults that do not kill nodes", () => {
    const nemesis = REAL_FAULTS.filter((fault) => fault !== "kill");
    expect(sweep({ nemesis, timeLimitS: 15 }, ["--no-durable"]).problems).toEqual([]);
  });

  test("is valid on 5 nodes at 10,000 operations a second", () => {
    const options = { nodeCount: 5, concurrency: 50, rate: 10_000, timeLimitS: 1, recoveryS: 1 };
    const { result } = runSimulated("kafka", kafka, options);
    expect(result.valid).toBe(true);
    expect(result.stats?.["count"]).toBeGreaterThan(9000);
  });
});

describe("kafka at the load of stages 5b and 5c", () => {
  const load = { nodeCount: 2, concurrency: 4, rate: 1000, timeLimitS: 20 };

  test.each([
    [[], [], 1.1],
    [["--no-durable"], [], 0.06],
    // While they are cut off from each other, nodes read each other's records in lin-kv.
    [[], ["partition"], 2.1],
  ] as const)(
    "with arguments %p and faults %p takes at most %d messages between servers for an operation",
    (args, nemesis, most) => {
      const { result } = runSimulated("kafka", kafka, { ...load, nemesis }, { args });
      expect(result.valid).toBe(true);
      expect(result.net.servers.msgsPerOp).toBeLessThanOrEqual(most);
    },
  );

  test.each([[[]], [["partition"]]] as const)(
    "answers every operation with ok, but crashes, which never are: with faults %p",
    (nemesis) => {
      const { result } = runSimulated("kafka", kafka, { ...load, nemesis });
      const { crash, ...rest } = (result.stats as StatsVerdict).byF;
      expect(crash?.okCount).toBe(0);
      for (const { count, okCount } of Object.values(rest)) expect(okCount).toBe(count);
      expect(result.availability?.["okFraction"]).toBeGreaterThan(0.999);
    },
  );

  test("completes as many operations as a program that keeps everything in memory", () => {
    const countWith = (program: AnyProgram) =>
      Number(runSimulated("kafka", program, load).result.stats?.["count"]);
    expect(countWith(kafka) / countWith(memoryLog)).toBeGreaterThan(0.99);
  });
});
