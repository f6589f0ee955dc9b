/**
 * Finds reads of elements that failed transactions appended (G1a) and of intermediate states (G1b).
 *
 * @see Elle 0.2.2, elle.list-append/g1a-cases and g1b-cases
 */
import type { Json } from "../../../../vortex/index.ts";
import { describeOperation, quote } from "../../wording.ts";
import type { Anomalies } from "../anomalies.ts";
import type { TransactionHistory } from "../transactions.ts";
import { failedWrites, intermediateWrites } from "../written-values.ts";
import { type ListOrder, type ListOrders, listOf } from "./list-orders.ts";

/** Finds reads of elements that failed transactions appended (G1a). */
export function findAbortedReads(
  history: TransactionHistory,
  orders: ListOrders,
  anomalies: Anomalies,
): void {
  const failed = failedWrites(history);
  if (failed.isEmpty) return;
  const isFailed = (key: Json) => (element: Json) => failed.writer(key, element) !== undefined;
  // Most lists are prefixes of the longest one, so their elements need not be checked one by one.
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
            `${describeOperation(completion)} read key ${quote(key)} = ${quote(value)}, ` +
            `including ${quote(element)}, appended by ${describeOperation(writer)}, which failed and must have ` +
            "no effect",
          operations: [writer, completion],
        }));
      }
    }
  }
}

/** Finds reads of lists that end in the middle of another transaction's appends (G1b). */
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
          `state: ${describeOperation(writer)} appended it, then appended more in the same transaction`,
        operations: [writer, completion],
      }));
    }
  }
}
