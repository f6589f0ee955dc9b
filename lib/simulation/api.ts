/**
 * A whole test inside a test of yours: a program's nodes, a workload's clients, faults and a
 * checker, in virtual time, fixed by a seed. It is what `vortex sim` runs.
 *
 * These are the types, for whom the package is installed: what they describe is bundled.
 *
 * @example
 * import { expect, test } from "bun:test";
 * import { simulate } from "vortex/simulation";
 * import { echo } from "./echo.ts";
 *
 * test("echo answers, whatever happens to its nodes", () => {
 *   for (let seed = 1; seed <= 20; seed++) {
 *     const result = simulate(echo, { workload: "echo", nodeCount: 3, nemesis: ["kill"], seed });
 *     expect(result.problems).toEqual([]);
 *     expect(result.faults.kill).toBeGreaterThan(0);
 *   }
 * });
 *
 * @module vortex/simulation
 */
import type { AnyProgram, NodeId } from "../vortex/index.ts";
import type { Operation } from "../workbench/history/history.ts";

export type {
  Operation,
  OperationException,
  OperationType,
  Process,
} from "../workbench/history/history.ts";

/** What clients do, and how it is judged. */
export type WorkloadName =
  | "broadcast"
  | "echo"
  | "g-counter"
  | "g-set"
  | "kafka"
  | "lin-kv"
  | "pn-counter"
  | "txn-list-append"
  | "txn-rw-register"
  | "unique-ids";

/** What happens to nodes and messages. */
export type Fault =
  | "partition"
  | "one-way-partition"
  | "kill"
  | "pause"
  | "loss"
  | "duplicate"
  | "slow";

/** What a simulation can be told; defaults are those of `vortex sim`, but for the seed. */
export interface SimulationOptions {
  readonly workload: WorkloadName;
  /** Nodes `n0`, `n1`, ...; 5 by default. */
  readonly nodeCount?: number;
  /** Words for the program, as on its command line: `["--flush-ms", "400"]`. */
  readonly args?: readonly string[];
  /** Client threads; by default as many as nodes. Thread i talks to node i modulo their number. */
  readonly concurrency?: number;
  /** Operations per second on average, all threads together; 5 by default. */
  readonly rate?: number;
  /** Length of the main phase in seconds; 60 by default. */
  readonly timeLimitS?: number;
  /** Mean latency between servers in whole milliseconds; 0 by default. */
  readonly latencyMs?: number;
  /** How the latency is distributed; `"constant"` by default. */
  readonly latencyDistribution?: "constant" | "uniform" | "exponential";
  /** The faults; none by default. */
  readonly nemesis?: readonly Fault[];
  /** Mean time between the begin and the end of faults in seconds; 10 by default. */
  readonly nemesisIntervalS?: number;
  /** Time between the end of all faults and the final operations in seconds; 10 by default. */
  readonly recoveryS?: number;
  /** Which neighbours the workload broadcast tells the nodes of; `"grid"` by default. */
  readonly topology?: "line" | "grid" | "tree" | "tree2" | "tree3" | "tree4" | "total";
  /** Whether all nodes must hold the same registers in the end; for txn-rw-register. */
  readonly converge?: boolean;
  /** Models that transactions must satisfy; `["strict-serializable"]` by default. */
  readonly consistencyModels?: readonly string[];
  /** Keys that transactions and logs use at a time; 10 by default. */
  readonly keyCount?: number;
  /** Operations in a transaction, at most; 4 by default. */
  readonly maxTxnLength?: number;
  /** Writes to a key, or messages in a log, before a fresh key takes its place; 16 by default. */
  readonly maxWritesPerKey?: number;
  /** Whether consumers of logs start at committed offsets; they start at 0 by default. */
  readonly resumesFromCommitted?: boolean;
  /** The part of operations that must be ok; any by default. */
  readonly availability?: "total" | number;
  /** Fixes every random choice: an integer from 0 on; 1 by default. */
  readonly seed?: number;
}

/** One thing that a checker found. */
export interface SimulationFinding {
  /** The field's name of it: `"lost"`, `"G1a"`, `"poll-skip"`. */
  readonly anomaly: string;
  /** What went wrong, in a sentence: who, what, when. */
  readonly sentence: string;
  /** The operations that it consists of, in order. */
  readonly operations: readonly Operation[];
}

/** A message on the simulated network. */
export interface SimulatedMessage {
  /** Whether it was sent or delivered; one that a fault dropped is sent only. */
  readonly type: "send" | "recv";
  /** Nanoseconds since the test's clock zero; while the nodes start, since it began. */
  readonly time: number;
  readonly message: {
    readonly id: number;
    readonly src: NodeId;
    readonly dest: NodeId;
    readonly body: Readonly<Record<string, unknown>>;
  };
}

/** What came of a simulation. */
export interface SimulationResult {
  /** The verdict; `"unknown"` when nobody could tell. */
  readonly valid: true | false | "unknown";
  /** Why it is not valid, in sentences that end with the seed; empty if and only if it is valid. */
  readonly problems: readonly string[];
  /** What the checkers found; some of it may be found in a valid run. */
  readonly findings: readonly SimulationFinding[];
  readonly seed: number;
  /** Messages between servers for each operation; absent if there was no operation. */
  readonly messagesPerOperation?: number;
  /** Stable latency where the workload has it, else that of operations, in ms; absent if there is none. */
  readonly latencyMs?: { readonly median: number; readonly maximum: number };
  /** How often each fault took effect: one that did not has tested nothing. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  /** What clients asked for and what they learned, in order. */
  readonly history: readonly Operation[];
  /** Every message that was sent or delivered, those of clients and services too, in order. */
  readonly messages: readonly SimulatedMessage[];
  /** What nodes logged, in order. */
  readonly logs: readonly { readonly node: NodeId; readonly line: string }[];
}

/**
 * Runs a test of a program in virtual time, from beginning to end, before it returns: a minute of
 * trouble takes milliseconds. The same seed gives the same result.
 *
 * @throws {SimulationCrash} when a node does not start or does not answer `init`, and when an
 *   invariant of the program does not hold.
 * @throws {InvalidSimulation} when the options do not fit the workload, or name what there is not.
 */
export declare function simulate(program: AnyProgram, options: SimulationOptions): SimulationResult;

/** The test could not be carried out, so there is nothing to judge. */
export declare class SimulationCrash extends Error {}

/** Options that do not fit each other, or that name what there is not. */
export declare class InvalidSimulation extends Error {}
