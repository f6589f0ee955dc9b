/** The options of a test, named and defaulted as on Maelstrom's command line. */
import type { NodeId } from "../../vortex/index.ts";
import type { WorkloadSelection } from "../workloads/index.ts";

export interface TestOptions extends WorkloadSelection {
  /** Mean number of operations per second, over all threads. */
  readonly rate: number;
  /** Length of the main phase, in seconds. */
  readonly timeLimitS: number;
  /** Built-in faults, and files or names of others. */
  readonly nemesis: readonly string[];
  /** Mean time between two operations of the nemesis, in seconds. */
  readonly nemesisIntervalS: number;
  /** Time between the end of all faults and the final operations, in seconds. */
  readonly recoveryS: number;
  /** Consistency models that a history of transactions must satisfy. */
  readonly consistencyModels: readonly string[];
  /**
   * Time after the recovery in which nodes must answer every type of operation, in seconds;
   * `undefined` leaves that unchecked.
   */
  readonly livenessLimitS: number | undefined;
  /** Fraction of operations that must be `ok`; `undefined` accepts any. */
  readonly availability: "total" | number | undefined;
  /**
   * Strategies by which a simulation departs from the other options. Unless it is empty, the settings
   * are drawn, not chosen so that operations succeed in time: a type of operation may never be `ok`, and
   * replies to clients that have left are dropped.
   */
  readonly search?: readonly Strategy[];
}

/**
 * A way to look for rare bugs in a simulation. `mixed` means others, by the seed; `lenient` that the
 * settings were drawn by a search, and nothing else.
 */
export const STRATEGIES = ["swarm", "order", "adaptive", "mixed", "lenient"] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Whether a search has drawn the settings of a test. */
export function isDrawn({ search = [] }: { readonly search?: readonly string[] }): boolean {
  return search.length > 0;
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
  livenessLimitS: undefined,
  availability: undefined,
} as const satisfies Partial<TestOptions>;

/** The limit of `--liveness` without a number, in seconds. */
export const LIVENESS_LIMIT_S = 10;

/** The names of `count` nodes: n0, n1, ... */
export function nodeNames(count: number): NodeId[] {
  return Array.from({ length: count }, (_, index) => `n${index}`);
}
