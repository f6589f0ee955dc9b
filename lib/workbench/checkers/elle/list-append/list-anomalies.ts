/**
 * What is wrong with transactions over lists, cycles apart.
 *
 * @see Elle 0.2.2, elle.list-append
 */

import { isSameJson } from "../../../../protocol/json-key.ts";
import type { Json } from "../../../../vortex/index.ts";
import type { Operation } from "../../../history/history.ts";
import { FatalCheckError } from "../../checker.ts";
import { describeOperation, quote } from "../../wording.ts";
import type { Anomalies } from "../anomalies.ts";
import { failedWrites, intermediateWrites, WrittenValues } from "../common-anomalies.ts";
import {
  type Atom,
  atom,
  microOperations,
  type TransactionHistory,
  VersionTable,
} from "../transactions.ts";
import { type ListOrder, type ListOrders, listOf } from "./list-orders.ts";

/**
 * Makes sure that there are only reads and appends, and that no two appends are the same.
 *
 * @throws {Error} if that is not so.
 */
export function verifyAppends({ operations }: TransactionHistory): void {
  const appended = new VersionTable();
  for (const operation of operations) {
    for (const [f, key, value] of microOperations(operation)) {
      if (f !== "r" && f !== "append") {
        throw new Error(
          `Operation ${operation.index} has a step that neither reads nor appends: "${f}"`,
        );
      }
      if (f === "r" || operation.type !== "invoke") continue;
      const count = appended.size;
      if (appended.number(key, value) < count) {
        throw new Error(`Element ${quote(value)} was appended to key ${quote(key)} more than once`);
      }
    }
  }
}

/**
 * Dirty updates: elements of committed transactions that follow an aborted one's.
 *
 * @throws {FatalCheckError} if an element of a longest list was never appended, or the only append
 *   to a key that nobody read was never answered.
 */
export function findDirtyUpdates(
  { operations }: TransactionHistory,
  orders: ListOrders,
  anomalies: Anomalies,
): void {
  const writers = new WrittenValues();
  // The only append to each key that was ever asked for or answered, if there is only one.
  const alone = new Map<Atom, { key: Json; element: Json } | undefined>();
  for (const operation of operations) {
    for (const [f, key, element] of microOperations(operation)) {
      if (f === "r") continue;
      alone.set(atom(key), alone.has(atom(key)) ? undefined : { key, element });
      if (operation.type !== "invoke") writers.add(key, element, operation);
    }
  }
  for (const append of alone.values()) {
    if (append === undefined || orders.of(append.key) !== undefined) continue;
    const { key, element } = append;
    if (writers.writer(key, element) !== undefined) continue;
    // The original takes such an element for one that is there, and then finds no writer of it.
    throw new FatalCheckError(
      `The append of ${quote(element)} to key ${quote(key)} was asked for and never answered`,
    );
  }
  for (const { key, longest, elements } of orders.all()) {
    let aborted: Operation | undefined;
    for (const element of elements) {
      const writer = writers.writer(key, element);
      if (writer === undefined) {
        throw new FatalCheckError(
          `Key ${quote(key)} was read as ${quote(longest)}, but nobody appended ${quote(element)}`,
        );
      }
      if (writer.type === "info") continue;
      if (writer.type === "fail") {
        aborted ??= writer;
        continue;
      }
      if (aborted !== undefined) {
        const from = aborted;
        anomalies.add("dirty-update", () => ({
          sentence:
            `${describeOperation(writer)} appended ${quote(element)} to key ${quote(key)} on top of what ` +
            `${describeOperation(from)} had appended, which failed and must have no effect`,
          operations: [from, writer],
        }));
      }
      aborted = undefined;
    }
  }
}

/** Lists in which an element occurs twice, although every append was of another. */
export function findDuplicates(
  { transactions }: TransactionHistory,
  orders: ListOrders,
  anomalies: Anomalies,
): void {
  for (const { steps, completion } of transactions) {
    for (const [f, key, value] of steps) {
      if (f !== "r" || value === null) continue;
      const list = listOf(value);
      const order = orders.of(key);
      const repeats = orders.isPrefix(key, list)
        ? list.length >= (order?.repeatedFrom ?? Number.POSITIVE_INFINITY)
        : new Set(list.map(atom)).size < list.length;
      if (!repeats) continue;
      anomalies.add("duplicate-elements", () => ({
        sentence:
          `${describeOperation(completion)} read key ${quote(key)} = ${quote(list)}, ` +
          `which has ${quote(firstRepeated(list))} more than once`,
        operations: [completion],
      }));
    }
  }
}

function firstRepeated(list: readonly Json[]): Json {
  const seen = new Set<Atom>();
  for (const element of list) {
    if (seen.has(atom(element))) return element;
    seen.add(atom(element));
  }
  return null;
}

/** Keys of which two reads cannot both be beginnings of one list. */
export function findIncompatibleOrders(
  { transactions }: TransactionHistory,
  orders: ListOrders,
  anomalies: Anomalies,
): void {
  const found = new Set<Atom>();
  for (const { steps, completion } of transactions) {
    for (const [f, key, value] of steps) {
      const keyAtom = atom(key);
      if (f !== "r" || found.has(keyAtom)) continue;
      const list = listOf(value);
      if (orders.isPrefix(key, list)) continue;
      found.add(keyAtom);
      anomalies.add("incompatible-order", () => {
        const longest = orders.of(key)?.longest ?? [];
        const reader = transactions.find(({ steps }) =>
          steps.some(([f, k, v]) => f === "r" && isSameJson(k, key) && isSameJson(v, longest)),
        );
        return {
          sentence:
            `${describeOperation(completion)} read key ${quote(key)} = ${quote(list)}, which is no beginning of ` +
            `the ${quote(longest)} that ${reader === undefined ? "somebody" : describeOperation(reader.completion)} read`,
          operations: reader === undefined ? [completion] : [completion, reader.completion],
        };
      });
    }
  }
}

/** What a transaction knows of a list: all of it, or only how it ends. */
interface Expected {
  readonly isWhole: boolean;
  readonly elements: readonly Json[];
}

/** Reads that contradict what their own transaction read or appended before. */
export function findInternal({ transactions }: TransactionHistory, anomalies: Anomalies): void {
  for (const { isOk, steps, completion } of transactions) {
    if (!isOk || steps.length < 2) continue;
    const expected = new Map<Atom, Expected | null>();
    for (const [f, key, value] of steps) {
      const keyAtom = atom(key);
      const before = expected.get(keyAtom);
      if (f !== "r") {
        const isWhole = before === undefined ? false : (before?.isWhole ?? true);
        expected.set(keyAtom, { isWhole, elements: [...(before?.elements ?? []), value] });
        continue;
      }
      if (before !== undefined && before !== null && !agrees(value, before)) {
        anomalies.add("internal", () => ({
          sentence:
            `${describeOperation(completion)} read key ${quote(key)} = ${quote(value)}, although by its own ` +
            `earlier steps the list ${before.isWhole ? "is" : "ends with"} ${quote(before.elements)}`,
          operations: [completion],
        }));
        break;
      }
      expected.set(keyAtom, value === null ? null : { isWhole: true, elements: listOf(value) });
    }
  }
}

function agrees(value: Json, { isWhole, elements }: Expected): boolean {
  const list = listOf(value);
  // The original tells the empty list from none here.
  if (isWhole && value === null) return false;
  const skipped = list.length - elements.length;
  if (isWhole ? skipped !== 0 : skipped < 0) return false;
  return elements.every((element, i) => isSameJson(element, list[skipped + i] ?? null));
}

/** Reads of what their own transaction appends only later. */
export function findFutureReads({ transactions }: TransactionHistory, anomalies: Anomalies): void {
  for (const { isOk, steps, completion } of transactions) {
    if (!isOk || steps.length < 2) continue;
    const future = steps.find(([f, key, element], i) => {
      if (f === "r") return false;
      return steps
        .slice(0, i)
        .some(
          ([f, k, value]) =>
            f === "r" &&
            isSameJson(k, key) &&
            listOf(value).some((other) => isSameJson(other, element)),
        );
    });
    if (future === undefined) continue;
    const [, key, element] = future;
    anomalies.add("future-read", () => ({
      sentence: `${describeOperation(completion)} read ${quote(element)} in key ${quote(key)} before it appended it itself`,
      operations: [completion],
    }));
  }
}

/** Reads of lists with elements that were aborted. */
export function findAbortedReads(
  history: TransactionHistory,
  orders: ListOrders,
  anomalies: Anomalies,
): void {
  const failed = failedWrites(history);
  if (failed.isEmpty) return;
  const isFailed = (key: Json) => (element: Json) => failed.writer(key, element) !== undefined;
  // Most lists are beginnings of the longest one, and need no look at each of their elements.
  const failedPlaces = new Map<ListOrder, readonly number[]>();
  for (const order of orders.all()) {
    const isFailedHere = isFailed(order.key);
    const places = [...order.longest.keys()].filter((i) => isFailedHere(order.longest[i] ?? null));
    failedPlaces.set(order, places);
  }
  const failedIn = (key: Json, list: readonly Json[]): readonly Json[] => {
    const order = orders.of(key);
    if (order === undefined || !orders.isPrefix(key, list)) return list.filter(isFailed(key));
    const places = failedPlaces.get(order) ?? [];
    return places.filter((place) => place < list.length).map((place) => list[place] ?? null);
  };

  for (const { isOk, steps, completion } of history.transactions) {
    if (!isOk) continue;
    for (const [f, key, value] of steps) {
      if (f !== "r" || value === null) continue;
      for (const element of failedIn(key, listOf(value))) {
        const writer = failed.writer(key, element) ?? completion;
        anomalies.add("G1a", () => ({
          sentence:
            `${describeOperation(completion)} read key ${quote(key)} = ${quote(value)}, with the ` +
            `${quote(element)} that ${describeOperation(writer)} appended, ` +
            "but that transaction failed and must have no effect",
          operations: [writer, completion],
        }));
      }
    }
  }
}

/** Reads of lists that end in the middle of another transaction's appends. */
export function findIntermediateReads(history: TransactionHistory, anomalies: Anomalies): void {
  const intermediate = intermediateWrites(history);
  if (intermediate.isEmpty) return;
  for (const { isOk, steps, completion } of history.transactions) {
    if (!isOk) continue;
    for (const [f, key, value] of steps) {
      if (f !== "r") continue;
      const last = listOf(value).at(-1);
      const writer = last === undefined ? undefined : intermediate.writer(key, last);
      if (last === undefined || writer === undefined || writer === completion) continue;
      anomalies.add("G1b", () => ({
        sentence:
          `${describeOperation(completion)} read key ${quote(key)} up to ${quote(last)}, an intermediate ` +
          `state: ${describeOperation(writer)} appended that, then appended more in the same transaction`,
        operations: [writer, completion],
      }));
    }
  }
}
