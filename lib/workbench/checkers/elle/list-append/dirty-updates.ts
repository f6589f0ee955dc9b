/**
 * Finds dirty updates: elements of committed transactions on top of a failed one's.
 *
 * @see Elle 0.2.2, elle.list-append/dirty-update-cases
 */
import type { Json } from "../../../../vortex/index.ts";
import type { Operation } from "../../../history/history.ts";
import { FatalCheckError } from "../../checker.ts";
import { describeOperation, quote } from "../../wording.ts";
import type { Anomalies } from "../anomalies.ts";
import { type Atom, atom, microOperations, type TransactionHistory } from "../transactions.ts";
import { WrittenValues } from "../written-values.ts";
import type { ListOrders } from "./list-orders.ts";

/**
 * Finds elements of committed transactions that directly follow an element of a failed one.
 *
 * @throws {FatalCheckError} if an element of a longest list was never appended, or the only append
 *   to a key that was never read did not complete.
 */
export function findDirtyUpdates(
  { operations }: TransactionHistory,
  orders: ListOrders,
  anomalies: Anomalies,
): void {
  const writers = new WrittenValues();
  // The append to each key, or undefined if several were invoked or completed.
  const single = new Map<Atom, { key: Json; element: Json } | undefined>();
  for (const operation of operations) {
    for (const [f, key, element] of microOperations(operation)) {
      if (f === "r") continue;
      single.set(atom(key), single.has(atom(key)) ? undefined : { key, element });
      if (operation.type !== "invoke") writers.add(key, element, operation);
    }
  }
  for (const append of single.values()) {
    if (append === undefined || orders.of(append.key) !== undefined) continue;
    const { key, element } = append;
    if (writers.writer(key, element) !== undefined) continue;
    // Elle assumes that this element exists, and then finds no writer of it.
    throw new FatalCheckError(
      `The append of ${quote(element)} to key ${quote(key)} was invoked and did not complete. Elle stops there when nothing else is known of the key; a longer test usually has more`,
    );
  }
  for (const { key, longest, elements } of orders.all()) {
    let aborted: Operation | undefined;
    for (const element of elements) {
      const writer = writers.writer(key, element);
      if (writer === undefined) {
        throw new FatalCheckError(
          `Key ${quote(key)} was read as ${quote(longest)}, but ${quote(element)} was never appended. A read must return the appended elements as they were sent, and nothing else`,
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
            `${describeOperation(writer)} appended ${quote(element)} to key ${quote(key)} on top of ` +
            `an append by ${describeOperation(from)}, which failed and must have no effect`,
          operations: [from, writer],
        }));
      }
      aborted = undefined;
    }
  }
}
