/**
 * Derives the dependencies of list transactions (ww, wr, rw) from reads and the order of appends.
 *
 * @see Elle 0.2.2, elle.list-append/graph
 */
import { isSameJson } from "../../../../protocol/json-key.ts";
import type { Json } from "../../../../vortex/index.ts";
import { quote } from "../../wording.ts";
import type { LabelledTxn, TransactionDependencies } from "../cycles/explain-cycle.ts";
import { GraphBuilder } from "../cycles/graph.ts";
import { type Relations, RW, WR, WW } from "../cycles/relations.ts";
import {
  type Atom,
  atom,
  type MicroOperation,
  type Transaction,
  type TransactionHistory,
  VersionTable,
} from "../transactions.ts";
import { type ListOrders, listOf } from "./list-orders.ts";

/** Stands for the last element of an empty list. */
const INITIAL = undefined;

export class ListDependencies implements TransactionDependencies {
  readonly builder: GraphBuilder;
  readonly #orders: ListOrders;
  readonly #versions = new VersionTable();
  /** By element of a key, the transaction that appended it. */
  readonly #writers: number[] = [];
  /** By element of a key, the transactions that read it as the last one. */
  readonly #readers: number[][] = [];
  /** By key, the transactions that read the empty list. */
  readonly #initialReaders = new Map<Atom, number[]>();

  constructor({ transactions }: TransactionHistory, orders: ListOrders) {
    this.builder = new GraphBuilder(transactions.length);
    this.#orders = orders;
    transactions.forEach((transaction, number) => {
      this.#index(transaction, number);
    });
    const unseen = new Map<Atom, { readonly key: Json; readonly appenders: number[] }>();
    transactions.forEach(({ steps }, number) => {
      for (const [f, key, value] of steps) {
        if (f === "r") {
          const writer = this.#writerOf(key, listOf(value).at(-1));
          if (writer !== undefined && writer !== number) this.builder.link(writer, number, WR);
          continue;
        }
        const previous = this.#previous(key, value);
        const writer = this.#writerOf(key, previous);
        if (writer !== undefined && writer !== number) this.builder.link(writer, number, WW);
        if (this.#isSeen(key, value)) {
          this.builder.linkAll(this.#readersOf(key, previous), [number], RW);
          continue;
        }
        const keyAtom = atom(key);
        const ofKey = unseen.get(keyAtom) ?? { key, appenders: [] };
        unseen.set(keyAtom, ofKey);
        addOnce(ofKey.appenders, number);
      }
    });
    // No read contains these elements, so they were appended after all elements that reads contain.
    for (const { key, appenders } of unseen.values()) {
      const last = this.#orders.of(key)?.elements.at(-1);
      this.builder.linkAll(this.#readersOf(key, last), appenders, RW);
    }
  }

  get isEmpty(): boolean {
    return this.builder.isEmpty;
  }

  #index({ steps, isOk }: Transaction, number: number): void {
    for (const [f, key, value] of steps) {
      if (f !== "r") {
        this.#writers[this.#versions.number(key, value)] = number;
        continue;
      }
      // The reads of an info transaction are unknown, unless the history has their values.
      if (!isOk && value === null) continue;
      const last = listOf(value).at(-1);
      if (last === INITIAL) {
        const keyAtom = atom(key);
        const readers = this.#initialReaders.get(keyAtom) ?? [];
        this.#initialReaders.set(keyAtom, readers);
        addOnce(readers, number);
      } else {
        const version = this.#versions.number(key, last);
        const readers = this.#readers[version] ?? [];
        this.#readers[version] = readers;
        addOnce(readers, number);
      }
    }
  }

  #isSeen(key: Json, element: Json): boolean {
    return this.#orders.of(key)?.positions.has(atom(element)) ?? false;
  }

  /** The element before another in the order of appends; for an unread element, the last one read. */
  #previous(key: Json, element: Json): Json | undefined {
    const order = this.#orders.of(key);
    if (order === undefined) return INITIAL;
    const position = order.positions.get(atom(element)) ?? order.elements.length;
    return order.elements[position - 1];
  }

  #writerOf(key: Json, element: Json | undefined): number | undefined {
    if (element === undefined) return undefined;
    const version = this.#versions.find(key, element);
    return version === undefined ? undefined : this.#writers[version];
  }

  #readersOf(key: Json, last: Json | undefined): readonly number[] {
    if (last === INITIAL) return this.#initialReaders.get(atom(key)) ?? [];
    const version = this.#versions.find(key, last);
    return version === undefined ? [] : (this.#readers[version] ?? []);
  }

  explain(relation: Relations, from: LabelledTxn, to: LabelledTxn): string {
    const earlier = from.transaction.steps;
    for (const [f, key, value] of to.transaction.steps) {
      if (relation === WR) {
        const last = f === "r" ? listOf(value).at(-1) : undefined;
        if (last !== undefined && appends(earlier, key, last)) {
          return (
            `${from.label} appended ${quote(last)} to key ${quote(key)}, ` +
            `which ${to.label} read (wr)`
          );
        }
        continue;
      }
      if (f === "r") continue;
      const previous = this.#previous(key, value);
      if (relation === WW && previous !== undefined && appends(earlier, key, previous)) {
        return (
          `${from.label} appended ${quote(previous)} to key ${quote(key)}, ` +
          `after which ${to.label} appended ${quote(value)} (ww)`
        );
      }
      if (relation === RW && readsLast(earlier, key, previous)) {
        const seen = previous === undefined ? "as empty" : `up to ${quote(previous)}`;
        return (
          `${from.label} read key ${quote(key)} ${seen}, ` +
          `missing ${quote(value)}, which ${to.label} appended (rw)`
        );
      }
    }
    return `${from.label} precedes ${to.label}`;
  }
}

function appends(steps: readonly MicroOperation[], key: Json, element: Json): boolean {
  return steps.some(
    ([f, k, value]) => f !== "r" && isSameJson(k, key) && isSameJson(value, element),
  );
}

function readsLast(steps: readonly MicroOperation[], key: Json, last: Json | undefined): boolean {
  return steps.some(([f, k, value]) => {
    if (f !== "r" || !isSameJson(k, key)) return false;
    const read = listOf(value).at(-1);
    return last === undefined || read === undefined ? last === read : isSameJson(read, last);
  });
}

/** Appends a transaction to a rising list, unless it is already the last. */
function addOnce(transactions: number[], number: number): void {
  if (transactions.at(-1) !== number) transactions.push(number);
}
