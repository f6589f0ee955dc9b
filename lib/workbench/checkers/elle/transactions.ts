/**
 * Transactions as the checkers see them: what they did, and when.
 *
 * A transaction is `[[f, key, value], ...]`, its micro-operations in order. A read's value is
 * `null` in the invocation; the completion has what was read.
 */

import { isArray, jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import { type History, isClientOperation, type Operation, pairs } from "../../history/history.ts";

/** One step of a transaction: what is done, to which key, with or yielding which value. */
export type MicroOperation = readonly [f: string, key: Json, value: Json];

/** A transaction that happened (`ok`) or may have happened (`info`). */
export interface Transaction {
  readonly invocation: Operation;
  readonly completion: Operation;
  readonly isOk: boolean;
  readonly steps: readonly MicroOperation[];
}

/** Everything that clients did to a database. */
export interface TransactionHistory {
  /** Client operations in order, beginnings and ends. */
  readonly operations: readonly Operation[];
  /** Those that happened or may have, in the order of their completions: the graph's nodes. */
  readonly transactions: readonly Transaction[];
  /** Whether some operation ended before another, that ended too, began. */
  readonly hasRealtimeOrder: boolean;
}

/**
 * Reads a history of transactions.
 *
 * @throws {Error} if an operation's value is no transaction.
 */
export function transactionHistory(history: History): TransactionHistory {
  const operations = history.filter(isClientOperation);
  const transactions: Transaction[] = [];
  let firstOk = Number.POSITIVE_INFINITY;
  let lastInvocation = Number.NEGATIVE_INFINITY;
  for (const { invocation, completion } of pairs(operations)) {
    if (completion === undefined) continue;
    lastInvocation = Math.max(lastInvocation, invocation.index);
    if (completion.type === "ok") firstOk = Math.min(firstOk, completion.index);
    if (completion.type === "fail") continue;
    const isOk = completion.type === "ok";
    transactions.push({ invocation, completion, isOk, steps: microOperations(completion) });
  }
  transactions.sort((a, b) => a.completion.index - b.completion.index);
  return { operations, transactions, hasRealtimeOrder: firstOk < lastInvocation };
}

/**
 * The micro-operations of an operation.
 *
 * @throws {Error} if its value is no transaction.
 */
export function microOperations({ value, index }: Operation): readonly MicroOperation[] {
  if (!isArray(value) || !value.every(isMicroOperation)) {
    throw new Error(`Operation ${index} is no transaction: its value is ${jsonKey(value)}`);
  }
  return value;
}

function isMicroOperation(value: Json): value is MicroOperation {
  return isArray(value) && value.length === 3 && typeof value[0] === "string";
}

/** Something that equal JSON values share, for maps and sets: cheap for the usual integers. */
export type Atom = number | string;

/** The atom of a JSON value. */
export function atom(value: Json): Atom {
  // A number's own text never equals the text of another sort of value: those have quotes,
  // brackets, letters, or, where no number can hold them, a point or too many digits.
  return typeof value === "number" ? value : jsonKey(value);
}

/** Numbers things that are each named by a key and a value: 0, 1, 2, ... in order of appearance. */
export class VersionTable {
  readonly #byKey = new Map<Atom, Map<Atom, number>>();
  readonly #keys: Json[] = [];
  readonly #values: Json[] = [];

  get size(): number {
    return this.#keys.length;
  }

  /** The number of a version, which it has from now on. */
  number(key: Json, value: Json): number {
    const keyAtom = atom(key);
    let versions = this.#byKey.get(keyAtom);
    if (versions === undefined) {
      versions = new Map();
      this.#byKey.set(keyAtom, versions);
    }
    const valueAtom = atom(value);
    let version = versions.get(valueAtom);
    if (version === undefined) {
      version = this.#keys.length;
      versions.set(valueAtom, version);
      this.#keys.push(key);
      this.#values.push(value);
    }
    return version;
  }

  /** The number of a version, if it has one. */
  find(key: Json, value: Json): number | undefined {
    return this.#byKey.get(atom(key))?.get(atom(value));
  }

  key(version: number): Json {
    return this.#keys[version] ?? null;
  }

  value(version: number): Json {
    return this.#values[version] ?? null;
  }
}
