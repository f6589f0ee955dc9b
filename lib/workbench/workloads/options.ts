import type { NodeId } from "../../vortex/index.ts";
import type { Latency } from "../network/latency.ts";
import type { TopologyName } from "./topology.ts";

/** The options that workloads read. */
export interface WorkloadOptions {
  readonly nodeIds: readonly NodeId[];
  /** Number of client threads. Thread i talks to node i modulo the number of nodes. */
  readonly concurrency: number;
  /** Latency of messages between servers; clients have none. */
  readonly latency: Latency;
  /** The neighbours that clients of broadcast assign to the nodes. */
  readonly topology: TopologyName;
  /** Number of keys that transactions and logs use at a time. */
  readonly keyCount: number;
  /** Maximum number of operations in a transaction. */
  readonly maxTxnLength: number;
  /** Number of writes to a key, or messages in a log, before a fresh key replaces it. */
  readonly maxWritesPerKey: number;
  /**
   * Whether a consumer of logs starts at the committed offset of a key that is new to it. Maelstrom
   * means to, but starts at 0.
   */
  readonly resumesFromCommitted: boolean;
}
