/**
 * The environment of a node: everything that it cannot compute for itself.
 *
 * The process edge, the simulator and the test kit each provide a `Host`; the same program runs on all.
 */
import type { Message } from "../protocol/message.ts";
import type { InvariantViolation } from "./invariants.ts";

/** Sends the messages of a node. */
export interface Transport {
  /**
   * Queues a message; messages leave in the order of the calls. It is encoded at once, so its body
   * may change afterwards.
   *
   * @throws {RangeError | TypeError} when the message cannot be encoded; nothing is sent then.
   */
  send(message: Message): void;
}

/** Cancels a timer; does nothing if it has fired already. */
export type Cancel = () => void;

/** A monotonic clock, unrelated to the time of day. */
export interface Clock {
  /** Milliseconds since some fixed moment, with fractions. Never decreases. */
  nowMs(): number;
  /** Calls back once, after at least `delayMs` milliseconds. */
  after(delayMs: number, callback: () => void): Cancel;
}

/** A source of random numbers. */
export interface Random {
  /** A number in [0, 1), all multiples of 2^-53 equally likely. */
  next(): number;
}

/** The log of a node: stderr for a process, never stdout. */
export interface Logger {
  /** Logs a text, possibly of several lines. */
  log(text: string): void;
}

/** The environment of a node. */
export interface Host {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /**
   * Called when an invariant of the program does not hold. Without it, as in a process, invariants are
   * never checked.
   */
  readonly onViolation?: (violation: InvariantViolation) => void;
  /** Whether the errors of RPCs name the line that sent the request. It costs a stack trace per RPC. */
  readonly tracesRpcs?: boolean;
}
