/** What a test can be told; names and defaults are those of Maelstrom's command line. */
import type { NodeId } from "../../vortex/index.ts";
import type { Fault } from "../nemesis/faults.ts";
import type { Latency } from "../network/latency.ts";
import type { WorkloadName } from "../workloads/index.ts";
import type { TopologyName } from "../workloads/topology.ts";

export interface TestOptions {
  readonly workload: WorkloadName;
  readonly nodeIds: readonly NodeId[];
  /** Number of client threads; thread i talks to node i modulo the number of nodes. */
  readonly concurrency: number;
  /** Mean number of operations per second, all threads together. */
  readonly rate: number;
  /** Length of the main phase, in seconds. */
  readonly timeLimitS: number;
  /** Between servers; clients have none. */
  readonly latency: Latency;
  readonly nemesis: readonly Fault[];
  /** Mean time between two operations of the nemesis, in seconds. */
  readonly nemesisIntervalS: number;
  /** Time between the end of all faults and the final operations, in seconds. */
  readonly recoveryS: number;
  /** Which neighbours broadcast tells the nodes of. */
  readonly topology: TopologyName;
  /** Whether the nodes must hold the same after the recovery; only some workloads can tell. */
  readonly converge: boolean;
  /** Models that a history of transactions must satisfy. */
  readonly consistencyModels: readonly string[];
  /** How many keys transactions and logs use at a time. */
  readonly keyCount: number;
  /** Operations in a transaction, at most. */
  readonly maxTxnLength: number;
  /** Writes to a key of transactions, or messages in a log, before a fresh key takes its place. */
  readonly maxWritesPerKey: number;
  /**
   * Whether a consumer of logs starts at the committed offset of a key that is new to it. Maelstrom
   * means to, but starts at 0.
   */
  readonly resumesFromCommitted: boolean;
  /** The part of operations that must be `ok`; `undefined` accepts any. */
  readonly availability: "total" | number | undefined;
  /** Fixes every random choice of the tester: a non-negative integer. */
  readonly seed: number;
}

export const DEFAULTS = {
  workload: "lin-kv",
  nodeIds: ["n1", "n2", "n3", "n4", "n5"],
  rate: 5,
  timeLimitS: 60,
  latency: { meanMs: 0, distribution: "constant" },
  nemesis: [],
  nemesisIntervalS: 10,
  recoveryS: 10,
  topology: "grid",
  converge: false,
  consistencyModels: ["strict-serializable"],
  keyCount: 10,
  maxTxnLength: 4,
  maxWritesPerKey: 16,
  resumesFromCommitted: false,
  availability: undefined,
} as const satisfies Partial<TestOptions>;

/** The names of `count` nodes: n0, n1, ... */
export function nodeNames(count: number): NodeId[] {
  return Array.from({ length: count }, (_, index) => `n${index}`);
}
