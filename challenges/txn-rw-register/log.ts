/**
 * A node's own transactions that peers may lack, oldest first.
 *
 * Transactions that all peers have acknowledged are dropped. So are the oldest ones when there are too
 * many; a peer that lacks those gets a snapshot.
 */
import * as v from "valibot";
import { takeChunk } from "../../lib/vortex/index.ts";
import { MAX_LOGGED_WRITES } from "./limits.ts";
import { Clock, lengthOf, Write } from "./registers.ts";

/** The clock of a transaction, and its last write to each key. */
export const Transaction = v.pipe(v.tuple([Clock, v.array(Write)]), v.readonly());
export type Transaction = v.InferOutput<typeof Transaction>;

export class Log {
  #transactions: Transaction[] = [];
  #writeCount = 0;
  #lastClock = 0;
  #droppedUpTo = 0;

  /** The clock of the last transaction; 0 before the first. */
  get lastClock(): number {
    return this.#lastClock;
  }

  /** Transactions up to this clock are no longer in the log. */
  get droppedUpTo(): number {
    return this.#droppedUpTo;
  }

  /** Invariant: the log starts after the dropped transactions, and keeps its bound. */
  get isBounded(): boolean {
    const [first = this.#lastClock + 1] = this.#transactions[0] ?? [];
    return this.#droppedUpTo < first && this.#writeCount <= MAX_LOGGED_WRITES;
  }

  /** Appends a transaction. Its clock must be higher than the last one. */
  append(transaction: Transaction): void {
    const [clock, writes] = transaction;
    this.#transactions.push(transaction);
    this.#lastClock = clock;
    this.#writeCount += writes.length;
    if (this.#writeCount > MAX_LOGGED_WRITES) this.#dropHalf();
  }

  /** The first transactions after a clock that fit into one message; at least one, if there is one. */
  after(clock: number, maxLength: number): Transaction[] {
    const missing = this.#transactions.slice(this.#countUpTo(clock));
    return takeChunk(missing, maxLength, ([, writes]) =>
      writes.reduce((sum, write) => sum + lengthOf(write), 0),
    );
  }

  /** Drops the transactions up to a clock. */
  drop(upTo: number): void {
    for (const [clock, writes] of this.#transactions.splice(0, this.#countUpTo(upTo))) {
      this.#writeCount -= writes.length;
      this.#droppedUpTo = clock;
    }
  }

  #dropHalf(): void {
    let writeCount = this.#writeCount;
    let upTo = this.#droppedUpTo;
    for (const [clock, writes] of this.#transactions) {
      if (writeCount <= MAX_LOGGED_WRITES / 2) break;
      writeCount -= writes.length;
      upTo = clock;
    }
    this.drop(upTo);
  }

  #countUpTo(clock: number): number {
    const index = this.#transactions.findIndex(([at]) => at > clock);
    return index < 0 ? this.#transactions.length : index;
  }
}
