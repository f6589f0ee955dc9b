/** The interface of a cluster: nodes under test, as processes or in a simulation. */
import type { NodeId } from "../../vortex/index.ts";
import type { NodeLog } from "./node-log.ts";
import type { LineProblem } from "./output-line.ts";
import type { SimulatedDisks } from "./simulated-disks.ts";

/** A node that exited by itself. Every exit is a crash, even with status 0. */
export interface Crash {
  readonly node: NodeId;
  /** `exit status 1`, `signal SIGSEGV`. */
  readonly status: string;
  /** The last lines of its output. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** A line on a node's stdout that is not a valid message. All later output of the node is ignored. */
export interface BadLine extends LineProblem {
  readonly node: NodeId;
  /** Cut if it is long. */
  readonly line: string;
}

/** The program of a node cannot be run. */
export class StartError extends Error {
  override readonly name = "StartError";
}

export interface Cluster {
  /**
   * Starts a node, and connects it to the network. Resolves when the node has exited.
   *
   * @throws {StartError} when the program cannot be run; on another host, the promise rejects.
   */
  start(node: NodeId): Promise<unknown>;
  /**
   * Kills a node. Messages to it are lost until it is started again. Returns whether it was running;
   * a node that had crashed is still reported by {@link stop}.
   */
  kill(node: NodeId): boolean;
  /** Pauses a node. Messages to it wait. Returns whether it was running. */
  pause(node: NodeId): boolean;
  /** Resumes a paused node. */
  resume(node: NodeId): void;
  /** Kills all nodes. Resolves when they have exited, with those that had crashed. */
  stop(): Promise<readonly Crash[]>;
  /** The disks of the nodes, if they are simulated. */
  readonly disks?: SimulatedDisks;
  readonly badLines: readonly BadLine[];
  /** The stderr of a node, over all its starts. */
  logOf(node: NodeId): NodeLog;
  /** The output of a node after its last line break. */
  unfinishedLine(node: NodeId): string;
}
