/**
 * What a node is given: everything that it cannot compute for itself.
 *
 * The process edge and the simulator each provide a `Host`; the same program runs on both.
 */
import type { Message } from "../protocol/message.ts";
import type { InvariantViolation } from "./invariants.ts";

/** Takes messages away from the node. */
export interface Transport {
  /**
   * Sends a message, some time soon, in the order of the calls. It is encoded at once: what its
   * body holds may change afterwards.
   *
   * @throws {RangeError | TypeError} when the message cannot be encoded; nothing was sent then.
   */
  send(message: Message): void;
}

/** Calls off a timer; nothing happens when it has fired already. */
export type Cancel = () => void;

/** Time: it never goes back, and may have nothing to do with the time of day. */
export interface Clock {
  /** Milliseconds since some fixed moment, with fractions. Never goes back. */
  nowMs(): number;
  /** Calls back once, after at least `delayMs` milliseconds. */
  after(delayMs: number, callback: () => void): Cancel;
}

/** Chance. */
export interface Random {
  /** A number in [0, 1), all multiples of 2^-53 equally likely. */
  next(): number;
}

/** Where a node's remarks go; never the protocol's output. */
export interface Logger {
  /** Takes a remark, possibly of several lines. */
  log(text: string): void;
}

/** All that a node is given. */
export interface Host {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /**
   * Called when an invariant of the program does not hold. A host without it, such as a process,
   * never checks them.
   */
  readonly onViolation?: (violation: InvariantViolation) => void;
}
