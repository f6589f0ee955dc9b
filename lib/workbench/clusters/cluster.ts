/** The nodes under test, wherever they run. */

import { shorten } from "../../protocol/shorten.ts";
import type { NodeId } from "../../vortex/index.ts";
import type { LineProblem } from "./output-line.ts";

/** A node that had ended before it was told to: any exit counts, one with status 0 too. */
export interface Crash {
  readonly node: NodeId;
  /** How it ended: `exit status 1`, `signal SIGSEGV`. */
  readonly status: string;
  /** The last lines that it printed. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** A line on a node's stdout that is not a valid message. All later output of the node is ignored. */
export interface BadLine extends LineProblem {
  readonly node: NodeId;
  /** Cut if it is long. */
  readonly line: string;
}

const MAX_SHOWN_LENGTH = 1000;

/** A line that a node printed, short enough to be shown and kept. */
export function shownLine(line: string): string {
  return shorten(line, MAX_SHOWN_LENGTH);
}

/** The program of a node cannot be run at all. */
export class StartError extends Error {
  override readonly name = "StartError";
}

export interface Cluster {
  /**
   * Starts a node, and connects it to the network. Resolves when the node has ended.
   *
   * @throws {StartError} when there is nothing to start.
   */
  start(node: NodeId): Promise<unknown>;
  /**
   * Ends a node without a word; what is sent to it is lost until it is started again. Returns whether
   * it ran: one that had crashed is still told by {@link stop}.
   */
  kill(node: NodeId): boolean;
  /** Makes a node stand still; what is sent to it waits. Returns whether it ran. */
  pause(node: NodeId): boolean;
  /** Lets a paused node go on. */
  resume(node: NodeId): void;
  /** Ends every node; resolves, when none is left, with those that had crashed. */
  stop(): Promise<readonly Crash[]>;
  readonly badLines: readonly BadLine[];
  /** What a node has printed after its last line break; `""` if nothing. */
  unfinishedLine(node: NodeId): string;
}
