/**
 * The environment of a node: everything that it cannot compute for itself.
 *
 * The process edge, the simulator and the test kit each provide a `Host`; the same program runs on all.
 */
import type { Message, NodeId } from "../protocol/message.ts";
import type { AssertionObserver } from "./assertions.ts";

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

/**
 * The disk of a node: one log of texts, each a line of JSON. It outlives the node.
 *
 * `append` and `replace` change the log at once; `sync` makes the changes durable. After a restart the
 * log is what some prefix of the changes made of it, with at least the synced ones. All throw or
 * reject with a `StorageError`.
 */
export interface Disk {
  /** Reads the log as it is on the disk, all of it durable. Called before any change. */
  readAll(): readonly string[];
  /** Appends a text. */
  append(text: string): void;
  /** Replaces the whole log, atomically. */
  replace(texts: readonly string[]): void;
  /**
   * Makes durable what was changed before the call. Called again only when the last call has settled.
   * After a rejection the changes are pending still, and the next call writes them again.
   */
  sync(): Promise<void>;
}

/** The environment of a node. */
export interface Host {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /**
   * Opens the disk of a node, which is its alone. Called when the program first uses it. Without it,
   * nothing is stored.
   */
  readonly openDisk?: ((node: NodeId) => Disk) | undefined;
  /**
   * Observes the program's assertions. Without it, as in a process, the node logs the first failure of
   * each, and never checks invariants.
   */
  readonly assertions?: AssertionObserver;
  /** Takes the function that shows the program's state. Without it, as in a process, nothing is shown. */
  readonly onInspect?: ((view: () => unknown) => void) | undefined;
  /** Whether the errors of RPCs name the line that sent the request. It costs a stack trace per RPC. */
  readonly tracesRpcs?: boolean;
}
