/**
 * Checks transactions over registers: `[["r", key, null], ["w", key, value]]`.
 *
 * Registers reveal little about the order of their versions. It is known that the initial state,
 * `null`, comes first, and that a transaction which reads a version of a key and then writes another
 * puts the second after the first. Blind writes have no order, so many errors go undetected.
 *
 * @see Elle 0.2.2, elle.rw-register; Maelstrom, workload txn-rw-register (with `wfr-keys?`)
 */
import { isArray } from "../../../protocol/json-key.ts";
import { isRawNumber, type Json } from "../../../vortex/index.ts";
import type { History } from "../../history/history.ts";
import { type CheckOptions, FatalCheckError } from "../checker.ts";
import { Anomalies, SEARCH_TIMEOUT, type TransactionVerdict } from "./anomalies.ts";
import { findCycles } from "./cycles/find-cycles.ts";
import { RW, WR, WW } from "./cycles/relations.ts";
import { findLostUpdates } from "./lost-updates.ts";
import { findDirtyReads, findInternal } from "./rw-register/register-anomalies.ts";
import { RegisterDependencies } from "./rw-register/register-dependencies.ts";
import { RegisterVersions } from "./rw-register/register-versions.ts";
import {
  atom,
  microOperations,
  type TransactionHistory,
  transactionHistory,
} from "./transactions.ts";

/**
 * Checks a history of transactions over registers.
 *
 * @throws {Error} if a value that was read was written by several `ok` transactions, an operation
 *   is not a transaction, or a consistency model is unknown.
 * @throws {FatalCheckError} if keys have different types, such as `1` and `"1"`.
 */
export function checkTxnRwRegister(
  history: History,
  options: CheckOptions = {},
): TransactionVerdict {
  const transactions = transactionHistory(history);
  const anomalies = new Anomalies();
  findInternal(transactions, anomalies);
  findDirtyReads(transactions, anomalies);
  findLostUpdates(transactions, anomalies, (_, value) => atom(value));
  const versions = new RegisterVersions(transactions);
  versions.findCyclicVersions(anomalies);
  const dependencies = new RegisterDependencies(transactions, versions);
  findCycles({ history: transactions, dependencies, precedence: [WR, WW, RW] }, anomalies, options);
  verifyKeys(transactions);
  // Maelstrom expects searches of this workload to time out, and ignores it.
  return anomalies.verdict(options, { ignored: [SEARCH_TIMEOUT], undecided: [] });
}

function verifyKeys({ operations }: TransactionHistory): void {
  const types = new Set<string>();
  for (const operation of operations) {
    for (const [, key] of microOperations(operation)) types.add(typeOf(key));
  }
  if (types.size > 1) {
    throw new FatalCheckError(
      `Keys have different types: ${[...types].join(", ")}. A node must answer with the keys of the request, not with text in place of numbers`,
    );
  }
}

/** The type of a key in Clojure, where integers beyond 64 bits have their own. */
function typeOf(key: Json): string {
  if (Number.isInteger(key)) return "integer";
  if (isRawNumber(key) && /^-?\d+$/.test(key.rawJSON)) {
    const integer = BigInt(key.rawJSON);
    return BigInt.asIntN(64, integer) === integer ? "integer" : "large integer";
  }
  if (isRawNumber(key) || typeof key === "number") return "float";
  if (key === null) return "null";
  return isArray(key) ? "array" : typeof key;
}
