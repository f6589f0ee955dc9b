/**
 * Judges transactions over lists: `[["r", key, null], ["append", key, element]]`.
 *
 * A list tells its own history: if somebody read `[3, 1]`, then 3 was appended first. So the order
 * of a key's versions is that of its longest read, and every append and read has its place in it.
 *
 * @see Elle 0.2.2, elle.list-append; Maelstrom, workload txn-list-append
 */
import type { History } from "../../history/history.ts";
import type { CheckOptions } from "../checker.ts";
import { Anomalies, EMPTY_GRAPH, SEARCH_TIMEOUT, type TransactionVerdict } from "./anomalies.ts";
import { findLostUpdates } from "./common-anomalies.ts";
import { findCycles } from "./cycles/find-cycles.ts";
import { RW, WR, WW } from "./cycles/relations.ts";
import {
  findAbortedReads,
  findDirtyUpdates,
  findDuplicates,
  findFutureReads,
  findIncompatibleOrders,
  findIntermediateReads,
  findInternal,
  verifyAppends,
} from "./list-append/list-anomalies.ts";
import { ListDependencies } from "./list-append/list-dependencies.ts";
import { ListOrders } from "./list-append/list-orders.ts";
import { transactionHistory } from "./transactions.ts";

/**
 * Checks a history of transactions over lists.
 *
 * @throws {Error} if some element was to be appended to a key twice, an operation is no such
 *   transaction, or a consistency model is unknown.
 * @throws {FatalCheckError} if a key's longest list has an element that was never appended, or the
 *   only append to a key that nobody read was never answered.
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
