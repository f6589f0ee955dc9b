/**
 * Adds the order of each process and the real-time order to a dependency graph.
 *
 * Only `ok` transactions precede others: an `info` transaction may still be running.
 *
 * @see Elle 0.2.2, elle.core/process-graph and realtime-graph
 */
import { partitionPoint } from "../../partition-point.ts";
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
 * The real-time order: which transactions completed before which were invoked.
 *
 * All pairs would be far too many. For cycles the immediate pairs suffice, those with no third `ok`
 * transaction in between, but with many processes even these are many. So the graph has a junction
 * for each completion, which leads to the next one and to all transactions invoked in between: three
 * edges per transaction, whatever the number of processes.
 */
export class RealtimeOrder {
  readonly #isOk: readonly boolean[];
  readonly #invoked: Int32Array;
  readonly #completed: Int32Array;
  /** All transactions in order of invocation. */
  readonly #byInvocation: Int32Array;
  /** For each transaction, the first completion of an `ok` one that was invoked after it. */
  readonly #overtaken: Int32Array;

  constructor({ transactions }: TransactionHistory) {
    const count = transactions.length;
    this.#isOk = transactions.map(({ isOk }) => isOk);
    this.#invoked = Int32Array.from(transactions, ({ invocation }) => invocation.index);
    this.#completed = Int32Array.from(transactions, ({ completion }) => completion.index);
    this.#byInvocation = this.sortedByInvocation(Int32Array.from(transactions.keys()));
    this.#overtaken = new Int32Array(count);

    // From the last completion to the first, passing all transactions invoked later.
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
    let invoked = 0;
    let junction: number | undefined;
    const linkInvoked = (end: number) => {
      for (; invoked < this.#byInvocation.length; invoked++) {
        const next = at(this.#byInvocation, invoked);
        if (at(this.#invoked, next) > end) return;
        if (junction !== undefined) builder.link(junction, next, PASS);
      }
    };
    this.#completed.forEach((end, transaction) => {
      linkInvoked(end);
      if (!this.#isOk[transaction]) return;
      const previous = junction;
      junction = builder.junction();
      builder.link(transaction, junction, REALTIME);
      if (previous !== undefined) builder.link(previous, junction, PASS);
    });
    linkInvoked(NEVER);
  }

  /** Sorts transactions by invocation. */
  sortedByInvocation(transactions: Int32Array): Int32Array {
    return transactions.toSorted((a, b) => at(this.#invoked, a) - at(this.#invoked, b));
  }

  /** Returns those of `sorted`, transactions sorted by invocation, that immediately follow one. */
  immediatelyAfter(transaction: number, sorted: Int32Array): Int32Array {
    if (!this.#isOk[transaction]) return new Int32Array();
    return sorted.subarray(
      this.#firstInvokedAfter(at(this.#completed, transaction), sorted),
      this.#firstInvokedAfter(at(this.#overtaken, transaction), sorted),
    );
  }

  #firstInvokedAfter(index: number, sorted: Int32Array): number {
    return partitionPoint(sorted.length, (i) => at(this.#invoked, at(sorted, i)) <= index);
  }
}
