/** The interface of a fault. */
import type { Json, NodeId, Random } from "../../vortex/index.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Network } from "../network/network.ts";

/** The parts of a test that faults act on. */
export interface FaultEnvironment {
  readonly network: Network;
  readonly cluster: Cluster;
  readonly nodeIds: readonly NodeId[];
  /** The fault's own stream of randomness. */
  readonly random: Random;
  /** Restarts a killed node, and resolves when it has replied to `init`. */
  restart(node: NodeId): Promise<void>;
}

/** Starts and stops one fault. */
export interface Injector {
  /** Draws the value of the next start, such as the kind of a partition. */
  draw(): string;
  /** Starts the fault. Returns what it did exactly. */
  start(drawn: string): Json;
  /** Stops the fault if it is active. Resolves with what it did. */
  stop(): Promise<Json>;
  /** How often it has taken effect: messages dropped, nodes killed, ... */
  readonly effectCount: number;
}
