/**
 * The commands of this node's clients that wait for an outcome.
 *
 * A command is *queued* until it is handed to the leader of a term. From then on it may be in that
 * leader's log, until this node applies an entry of a later term: then every entry of the earlier term
 * that was committed has been applied here, and no other ever will be. So a command that has not shown
 * up is queued again. It is executed at most once, without a table of sessions in the state machine.
 */
import { type Cancel, type Node, RpcError } from "../vortex/index.ts";
import type { Outcome } from "./machine.ts";
import { RoundTrip } from "./round-trip.ts";

/** How long to wait before a forwarded command is repeated, in ms; twice as long each time. */
const RESEND_LIMITS = { minMs: 100, initialMs: 250, maxMs: 1000 };

export interface PendingCommand {
  readonly number: number;
  readonly command: unknown;
  /** The term whose leader may have it; `undefined` if none can. */
  term: number | undefined;
  /** Time of the last sending, in ms, and number of sendings. */
  sentAtMs: number;
  sentCount: number;
}

interface Waiting extends PendingCommand {
  readonly settle: (outcome: Outcome) => void;
  readonly reject: (error: RpcError) => void;
  readonly cancelTimeout: Cancel;
}

export class PendingCommands {
  readonly #node: Node;
  readonly #timeoutMs: number;
  readonly #maxCount: number;
  readonly #waiting = new Map<number, Waiting>();
  /** The time from the sending of a command to its outcome. */
  readonly #roundTrip = new RoundTrip(RESEND_LIMITS);
  #lastNumber = 0;

  constructor(node: Node, timeoutMs: number, maxCount: number) {
    this.#node = node;
    this.#timeoutMs = timeoutMs;
    this.#maxCount = maxCount;
  }

  /** The lowest number that has no outcome: the commands below are over. */
  get floor(): number {
    for (const number of this.#waiting.keys()) return number;
    return this.#lastNumber + 1;
  }

  /**
   * Queues a command; resolves with its outcome.
   *
   * @throws {RpcError} `temporarily-unavailable` (11, definite) when too many wait, or when no leader was
   *   found in time. `timeout` (0, indefinite) when a leader may have it in its log.
   */
  add(command: unknown): Promise<Outcome> {
    if (this.#waiting.size >= this.#maxCount) {
      const text = `Too many requests: ${this.#maxCount} wait for an outcome`;
      throw new RpcError("temporarily-unavailable", text);
    }
    const number = ++this.#lastNumber;
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const cancelTimeout = this.#node.after(this.#timeoutMs, () => this.#expire(number));
    this.#waiting.set(number, {
      number,
      command,
      term: undefined,
      sentAtMs: 0,
      sentCount: 0,
      settle: resolve,
      reject,
      cancelTimeout,
    });
    return promise;
  }

  /** The commands that no leader can have. */
  queued(): PendingCommand[] {
    return [...this.#waiting.values()].filter(({ term }) => term === undefined);
  }

  /** The commands that were sent to the leader of a term some time ago, and have no outcome. */
  overdueIn(term: number): PendingCommand[] {
    const nowMs = this.#node.nowMs();
    return [...this.#waiting.values()].filter(
      (waiting) =>
        waiting.term === term &&
        nowMs >= waiting.sentAtMs + this.#roundTrip.timeoutMs(waiting.sentCount - 1),
    );
  }

  /** Settles a command; does nothing if it has an outcome, or has timed out. */
  settle(number: number, outcome: Outcome): void {
    const waiting = this.#take(number);
    if (waiting === undefined) return;
    // A repeated command does not say which sending was answered (Karn's algorithm).
    if (waiting.sentCount === 1) this.#roundTrip.add(this.#node.nowMs() - waiting.sentAtMs);
    waiting.settle(outcome);
  }

  /** Notes that the leader of a term has not executed a command, and never will. */
  refused(number: number, term: number): void {
    const waiting = this.#waiting.get(number);
    if (waiting?.term === term) waiting.term = undefined;
  }

  /** Queues the commands that leaders of terms before this one had: they are not committed. */
  requeueBefore(term: number): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.term === undefined || waiting.term >= term) continue;
      this.#node.sometimes(true, "a command is handed to the leader of a later term");
      waiting.term = undefined;
    }
  }

  /** Rejects the commands whose entries a snapshot may hold: it does not show their results. */
  rejectUpTo(term: number): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.term === undefined || waiting.term > term) continue;
      this.#node.sometimes(true, "a command's outcome is lost in a snapshot");
      const text = "Outcome unknown: the node has received a snapshot in place of log entries";
      this.#take(waiting.number)?.reject(new RpcError("timeout", text));
    }
  }

  #expire(number: number): void {
    const waiting = this.#take(number);
    if (waiting === undefined) return;
    const within = `within ${this.#timeoutMs} ms`;
    waiting.reject(
      waiting.term === undefined
        ? new RpcError("temporarily-unavailable", `No leader took the request ${within}`)
        : new RpcError("timeout", `Not known to be committed ${within}`),
    );
  }

  #take(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number);
    waiting?.cancelTimeout();
    this.#waiting.delete(number);
    return waiting;
  }
}
