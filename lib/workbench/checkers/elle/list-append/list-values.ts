/**
 * Finds lists that no sequence of appends can produce: duplicate elements and incompatible orders.
 *
 * @see Elle 0.2.2, elle.list-append/duplicates and incompatible-orders
 */
import { isSameJson } from "../../../../protocol/json-key.ts";
import type { Json } from "../../../../vortex/index.ts";
import { describeOperation, quote } from "../../wording.ts";
import type { Anomalies } from "../anomalies.ts";
import { type Atom, atom, type TransactionHistory } from "../transactions.ts";
import { type ListOrders, listOf } from "./list-orders.ts";

/** Finds reads of lists in which an element occurs twice, although it was appended once. */
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
          `which contains ${quote(firstRepeated(list))} more than once`,
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

/** Finds keys with two reads neither of which is a prefix of the other. */
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
            `${describeOperation(completion)} read key ${quote(key)} = ${quote(list)}, which is not a ` +
            `prefix of ${quote(longest)}` +
            (reader === undefined ? "" : `, read by ${describeOperation(reader.completion)}`),
          operations: reader === undefined ? [completion] : [completion, reader.completion],
        };
      });
    }
  }
}
