/**
 * A simulation inside your own tests: a program's nodes, a workload's clients, faults and a checker,
 * in virtual time, determined by a seed. `vortex sim` runs the same.
 *
 * This file holds the published types; the implementation is bundled.
 *
 * @example
 * import { expect, test } from "bun:test";
 * import { simulate } from "vortex/simulation";
 * import { echo } from "./echo.ts";
 *
 * test("echo replies correctly while its nodes are killed", () => {
 *   for (let seed = 1; seed <= 20; seed++) {
 *     const result = simulate(echo, { workload: "echo", nodeCount: 3, nemesis: ["kill"], seed });
 *     expect(result.problems).toEqual([]);
 *     expect(result.faults.kill).toBeGreaterThan(0);
 *   }
 * });
 *
 * @module vortex/simulation
 */
import type * as v from "valibot";
import type { NodeId, OptionsSchema, Program } from "../vortex/index.ts";
import type { Operation } from "../workbench/history/history.ts";
import type { DefinedWorkload, NemesisDefinition } from "../workload/index.ts";

export type {
  Operation,
  OperationException,
  OperationType,
  Process,
} from "../workbench/history/history.ts";

/** Name of a workload of Maelstrom: the operations of clients, and the checker of their history. */
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

/** A built-in fault that is injected into nodes or messages. */
export type Fault =
  | "partition"
  | "one-way-partition"
  | "kill"
  | "pause"
  | "loss"
  | "duplicate"
  | "slow"
  | "disk";

/**
 * A way to look for rare bugs: `"swarm"` lets each seed draw its faults, intervals, rates, latencies and
 * clients; `"order"` delivers messages and timers by random priorities; `"adaptive"` injects faults at moments
 * that matter, such as between an append and its sync; `"mixed"` chooses of these by the seed.
 */
export type SearchStrategy = "swarm" | "order" | "adaptive" | "mixed";

/** Options of {@link simulate}; defaults are those of `vortex sim`, except for the seed. */
export interface SimulationOptions<S extends OptionsSchema = OptionsSchema> {
  /** One of Maelstrom's, or your own: what `defineWorkload` of `vortex/workload` returns. */
  readonly workload: WorkloadName | DefinedWorkload;
  /** The workload's own options, which its definition declares; those left out have their defaults. */
  readonly workloadOptions?: Readonly<Record<string, unknown>>;
  /** Nodes `n0`, `n1`, ...; 5 by default. */
  readonly nodeCount?: number;
  /** Options of the program; options left out have their defaults. */
  readonly options?: v.InferInput<S>;
  /** Client threads; by default as many as nodes. Thread i uses node i modulo their number. */
  readonly concurrency?: number;
  /** Mean operations per second, all threads together; 5 by default. */
  readonly rate?: number;
  /** Length of the main phase in seconds; 60 by default. */
  readonly timeLimitS?: number;
  /** Mean latency between servers in whole milliseconds; 0 by default. */
  readonly latencyMs?: number;
  /** Distribution of the latency; `"constant"` by default. */
  readonly latencyDistribution?: "constant" | "uniform" | "exponential";
  /** The faults; none by default. Those of your own need a `name`. */
  readonly nemesis?: readonly (Fault | NemesisDefinition)[];
  /** Mean time between the start and the end of a fault in seconds; 10 by default. */
  readonly nemesisIntervalS?: number;
  /** Time between the end of all faults and the final operations in seconds; 10 by default. */
  readonly recoveryS?: number;
  /** Topology that the broadcast workload sends to the nodes; `"grid"` by default. */
  readonly topology?: "line" | "grid" | "tree" | "tree2" | "tree3" | "tree4" | "total";
  /** Whether all nodes must hold the same registers at the end; for txn-rw-register. */
  readonly converge?: boolean;
  /**
   * Time after the recovery in which every node must answer every type of operation, in seconds; not
   * required by default.
   */
  readonly livenessLimitS?: number;
  /** Models that transactions must satisfy; `["strict-serializable"]` by default. */
  readonly consistencyModels?: readonly string[];
  /** Number of keys that transactions and logs use at a time; 10 by default. */
  readonly keyCount?: number;
  /** Maximum number of operations in a transaction; 4 by default. */
  readonly maxTxnLength?: number;
  /** Maximum number of writes to a key, or messages in a log, before it is replaced; 16 by default. */
  readonly maxWritesPerKey?: number;
  /** Whether consumers of logs start at committed offsets; by default they start at 0. */
  readonly resumesFromCommitted?: boolean;
  /**
   * Strategies that look for rare bugs, as with `--search`; by default a seed draws latencies and
   * operations only. `"mixed"` cannot be combined with others.
   */
  readonly search?: readonly SearchStrategy[];
  /** The fraction of operations that must be ok; any by default. */
  readonly availability?: "total" | number;
  /** Determines every random choice: an integer of at least 0; 1 by default. */
  readonly seed?: number;
}

/** An anomaly that a checker found. */
export interface SimulationFinding {
  /** Its name in the literature: `"lost"`, `"G1a"`, `"poll-skip"`. */
  readonly anomaly: string;
  /** A sentence that explains it: which process, what, when. */
  readonly sentence: string;
  /** The operations involved, in order. */
  readonly operations: readonly Operation[];
}

/** How often each fault took effect, by its name. */
export interface FaultCounts extends Readonly<Partial<Record<Fault, number>>> {
  readonly [name: string]: number | undefined;
}

/** A message on the simulated network. */
export interface SimulatedMessage {
  /** `"send"`, then `"recv"` or `"drop"`; neither if it is in flight at the end. */
  readonly type: "send" | "recv" | "drop";
  /**
   * Why it was dropped: by a partition, by loss or by an intervention of decisions, or its receiver was down
   * or gone.
   */
  readonly reason?: "partition" | "loss" | "down" | "gone" | "intervention";
  /** Nanoseconds since the test's clock zero; while nodes start, since the start of the test. */
  readonly time: number;
  readonly message: {
    readonly id: number;
    readonly src: NodeId;
    readonly dest: NodeId;
    readonly body: Readonly<Record<string, unknown>>;
  };
}

/** The result of a simulation. */
export interface SimulationResult {
  /** The verdict; `"unknown"` when the checker could not decide. */
  readonly valid: true | false | "unknown";
  /** Why the run is not valid, in sentences, the seed last; empty exactly if it is valid. */
  readonly problems: readonly string[];
  /** Why a valid run proves little, in sentences: few operations, a fault without effect, ... */
  readonly warnings: readonly string[];
  /** The anomalies found; a valid run may have some, too. */
  readonly findings: readonly SimulationFinding[];
  readonly seed: number;
  /** Messages between servers per operation; missing without operations. */
  readonly messagesPerOperation?: number;
  /** Stable latency if the workload measures it, else latency of operations, in ms; may be missing. */
  readonly latencyMs?: { readonly median: number; readonly maximum: number };
  /** How often each fault took effect. Make sure that each one did. */
  readonly faults: FaultCounts;
  /**
   * How often each `node.sometimes` of the program was reached; 0 if its condition never held. One
   * that the program never came to is missing.
   */
  readonly sometimes: Readonly<Record<string, number>>;
  /** How often each `node.always` of the program was evaluated. */
  readonly always: Readonly<Record<string, number>>;
  /** The operations of all clients, in order. */
  readonly history: readonly Operation[];
  /** Every message sent, delivered or dropped, including those of clients and services, in order. */
  readonly messages: readonly SimulatedMessage[];
  /** The log lines of all nodes, in order. */
  readonly logs: readonly { readonly node: NodeId; readonly line: string }[];
}

/**
 * Runs a test of a program in virtual time, and returns when it is over: a minute of faults takes
 * milliseconds. The same seed gives the same result.
 *
 * An assertion of the program that fails makes the result invalid; the simulation runs on.
 *
 * @throws {SimulationCrash} when a node does not start or does not answer `init`, and when it takes
 *   more than 10 s of real time for one message or timer.
 * @throws {InvalidSimulation} when an option is unknown, invalid, or does not fit the workload; and
 *   when the program's own do not fit its schema.
 */
export declare function simulate<S extends OptionsSchema = OptionsSchema>(
  program: Program<S>,
  options: SimulationOptions<S>,
): SimulationResult;

/** The test could not be run, so it has no verdict. */
export declare class SimulationCrash extends Error {}

/** An option is unknown, invalid, or does not fit the others. */
export declare class InvalidSimulation extends Error {}
