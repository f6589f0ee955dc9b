/**
 * Checks transactions over lists: `[["r", key, null], ["append", key, element]]`.
 *
 * A list records its own history: if a transaction read `[3, 1]`, 3 was appended before 1. So the
 * longest read of a key gives the order of its versions, and places every append and read.
 *
 * @see Elle 0.2.2, elle.list-append; Maelstrom, workload txn-list-append
 */
import type { History } from "../../history/history.ts";
import type { CheckOptions } from "../checker.ts";
import { quote } from "../wording.ts";
import { Anomalies, EMPTY_GRAPH, SEARCH_TIMEOUT, type TransactionVerdict } from "./anomalies.ts";
import { findCycles } from "./cycles/find-cycles.ts";
import { RW, WR, WW } from "./cycles/relations.ts";
import { findAbortedReads, findIntermediateReads } from "./list-append/dirty-reads.ts";
import { findDirtyUpdates } from "./list-append/dirty-updates.ts";
import { findFutureReads, findInternal } from "./list-append/internal-reads.ts";
import { ListDependencies } from "./list-append/list-dependencies.ts";
import { ListOrders } from "./list-append/list-orders.ts";
import { findDuplicates, findIncompatibleOrders } from "./list-append/list-values.ts";
import { findLostUpdates } from "./lost-updates.ts";
import {
  microOperations,
  type TransactionHistory,
  transactionHistory,
  VersionTable,
} from "./transactions.ts";

/**
 * Checks a history of transactions over lists.
 *
 * @throws {Error} if an element was appended to a key twice, an operation is not such a transaction,
 *   or a consistency model is unknown.
 * @throws {FatalCheckError} if a key's longest list has an element that was never appended, or the
 *   only append to a key that was never read did not complete.
 */
export function checkTxnListAppend(
  history: History,
  options: CheckOptions = {},
): TransactionVerdict {
  const transactions = transactionHistory(history);
  verifyAppends(transactions);
  const orders = new ListOrders(transactions);
  const anomalies = new Anomalies();
  findDirtyUpdates(transactions, orders, anomalies);
  findDuplicates(transactions, orders, anomalies);
  findIncompatibleOrders(transactions, orders, anomalies);
  findInternal(transactions, anomalies);
  findFutureReads(transactions, anomalies);
  findAbortedReads(transactions, orders, anomalies);
  findIntermediateReads(transactions, anomalies);
  findLostUpdates(transactions, anomalies, (key, list) => orders.versionOf(key, list));
  const dependencies = new ListDependencies(transactions, orders);
  findCycles({ history: transactions, dependencies, precedence: [WW, WR, RW] }, anomalies, options);
  return anomalies.verdict(options, { undecided: [EMPTY_GRAPH, SEARCH_TIMEOUT] });
}

/** @throws {Error} unless all steps are reads or appends, and no element is appended twice to a key. */
function verifyAppends({ operations }: TransactionHistory): void {
  const appended = new VersionTable();
  for (const operation of operations) {
    for (const [f, key, value] of microOperations(operation)) {
      if (f !== "r" && f !== "append") {
        throw new Error(
          `Operation ${operation.index} has a step that is neither a read nor an append: "${f}"`,
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
