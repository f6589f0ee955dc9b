/**
 * What order the clients themselves saw: that of each process, and that of real time.
 *
 * Only an `ok` transaction has others after it: one whose end nobody saw may still be running.
 */

import type { TransactionHistory } from "../transactions.ts";
import { at, type GraphBuilder, PASS } from "./graph.ts";
import { PROCESS, REALTIME } from "./relations.ts";

/** Links each process's `ok` transactions, one to the next. */
export function linkProcesses(builder: GraphBuilder, { transactions }: TransactionHistory): void {
  const latest = new Map<string | number, number>();
  transactions.forEach(({ isOk, completion }, transaction) => {
    if (!isOk) return;
    const previous = latest.get(completion.process);
    if (previous !== undefined) builder.link(previous, transaction, PROCESS);
    latest.set(completion.process, transaction);
  });
}

/** Later than any index of a history. */
const NEVER = 2 ** 31 - 1;

/**
 * Which transactions had ended before which began.
 *
 * All pairs of them are far too many. For cycles the immediate ones suffice, between which no
 * third `ok` transaction fits; but with many processes even those are many per transaction. So the
 * graph has a junction for each end, which leads to the next and to all that began in between:
 * three edges for a transaction, however many processes there are.
 */
export class RealtimeOrder {
  readonly #isOk: readonly boolean[];
  readonly #invoked: Int32Array;
  readonly #completed: Int32Array;
  /** All transactions in the order in which they began. */
  readonly #byInvocation: Int32Array;
  /** For an `ok` transaction, the first end of an `ok` one that began after it. */
  readonly #overtaken: Int32Array;

  constructor({ transactions }: TransactionHistory) {
    const count = transactions.length;
    this.#isOk = transactions.map(({ isOk }) => isOk);
    this.#invoked = Int32Array.from(transactions, ({ invocation }) => invocation.index);
    this.#completed = Int32Array.from(transactions, ({ completion }) => completion.index);
    this.#byInvocation = this.sortedByInvocation(Int32Array.from(transactions.keys()));
    this.#overtaken = new Int32Array(count);

    // From the last end to the first, past all that began later.
    let earliestEnd = NEVER;
    let last = count - 1;
    for (let transaction = count - 1; transaction >= 0; transaction--) {
      const end = at(this.#completed, transaction);
      for (; last >= 0 && at(this.#invoked, at(this.#byInvocation, last)) > end; last--) {
        const later = at(this.#byInvocation, last);
        if (this.#isOk[later]) earliestEnd = Math.min(earliestEnd, at(this.#completed, later));
      }
      this.#overtaken[transaction] = earliestEnd;
    }
  }

  /** Adds the order to a graph. */
  link(builder: GraphBuilder): void {
    let begun = 0;
    let junction: number | undefined;
    const linkBegun = (end: number) => {
      for (; begun < this.#byInvocation.length; begun++) {
        const next = at(this.#byInvocation, begun);
        if (at(this.#invoked, next) > end) return;
        if (junction !== undefined) builder.link(junction, next, PASS);
      }
    };
    this.#completed.forEach((end, transaction) => {
      linkBegun(end);
      if (!this.#isOk[transaction]) return;
      const previous = junction;
      junction = builder.junction();
      builder.link(transaction, junction, REALTIME);
      if (previous !== undefined) builder.link(previous, junction, PASS);
    });
    linkBegun(NEVER);
  }

  /** Some transactions in the order in which they began. */
  sortedByInvocation(transactions: Int32Array): Int32Array {
    return transactions.toSorted((a, b) => at(this.#invoked, a) - at(this.#invoked, b));
  }

  /**
   * Those of some transactions, sorted by their invocations, that come immediately after another.
   */
  immediatelyAfter(transaction: number, sorted: Int32Array): Int32Array {
    if (!this.#isOk[transaction]) return new Int32Array();
    return sorted.subarray(
      this.#firstInvokedAfter(at(this.#completed, transaction), sorted),
      this.#firstInvokedAfter(at(this.#overtaken, transaction), sorted),
    );
  }

  #firstInvokedAfter(index: number, sorted: Int32Array): number {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (at(this.#invoked, at(sorted, middle)) > index) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
