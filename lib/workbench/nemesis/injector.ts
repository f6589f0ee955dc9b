/** What a fault is. */
import type { Json, NodeId, Random } from "../../vortex/index.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Network } from "../network/network.ts";

/** What faults work on. */
export interface FaultEnvironment {
  readonly network: Network;
  readonly cluster: Cluster;
  readonly nodeIds: readonly NodeId[];
  /** Each fault has a stream of its own. */
  readonly random: Random;
  /** Starts a node that was killed, and resolves when it has answered `init`. */
  restart(node: NodeId): Promise<void>;
}

/** One fault: it is there or it is not. */
export interface Injector {
  /** Draws what the next start will do, such as the kind of a partition. */
  draw(): string;
  /** Begins the fault; returns what exactly was done. */
  start(drawn: string): Json;
  /** Ends it, if it is there; resolves with what was done. */
  stop(): Promise<Json>;
  /** How often it took effect so far: messages dropped, nodes killed, ... */
  readonly effectCount: number;
}
