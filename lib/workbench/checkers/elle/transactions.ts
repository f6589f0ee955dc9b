/**
 * Parses a history of transactions.
 *
 * A transaction is the list of its micro-operations, `[[f, key, value], ...]`. The value of a read is
 * `null` in the invocation, and the value read in the completion.
 *
 * @see Jepsen, jepsen.txn
 */
import { isArray, jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import { type History, isClientOperation, type Operation, pairs } from "../../history/history.ts";

/** A micro-operation: a function, its key, and the value written or read. */
export type MicroOperation = readonly [f: string, key: Json, value: Json];

/** A transaction that happened (`ok`) or may have happened (`info`). */
export interface Transaction {
  readonly invocation: Operation;
  readonly completion: Operation;
  readonly isOk: boolean;
  readonly steps: readonly MicroOperation[];
}

/** A history of transactions. */
export interface TransactionHistory {
  /** Invocations and completions of clients, in order. */
  readonly operations: readonly Operation[];
  /** The transactions that happened or may have happened, in order of completion; graph nodes. */
  readonly transactions: readonly Transaction[];
  /** Whether any operation completed before another one, which also completed, was invoked. */
  readonly hasRealtimeOrder: boolean;
}

/** @throws {Error} if the value of an operation is not a transaction. */
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
 * Returns the micro-operations of a transaction; `null` is an empty one.
 *
 * @throws {Error} if the value of the operation is not a transaction.
 */
export function microOperations({ value, index }: Operation): readonly MicroOperation[] {
  if (value === null) return [];
  if (!isArray(value) || !value.every(isMicroOperation)) {
    throw new Error(`Operation ${index} is not a transaction: its value is ${jsonKey(value)}`);
  }
  return value;
}

function isMicroOperation(value: Json): value is MicroOperation {
  return isArray(value) && value.length === 3 && typeof value[0] === "string";
}

/** A key for maps and sets that equal JSON values share. For integers, the usual case, it is free. */
export type Atom = number | string;

/** Returns the atom of a JSON value. */
export function atom(value: Json): Atom {
  // A number never equals the key of another value: those have quotes, brackets or letters, or are
  // numbers that a double cannot represent, with a point or more digits.
  return typeof value === "number" ? value : jsonKey(value);
}

/** Numbers versions, each a pair of a key and a value: 0, 1, 2, ... in order of appearance. */
export class VersionTable {
  readonly #byKey = new Map<Atom, Map<Atom, number>>();
  readonly #keys: Json[] = [];
  readonly #values: Json[] = [];

  get size(): number {
    return this.#keys.length;
  }

  /** Returns the number of a version; assigns the next one if the version is new. */
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

  /** Returns the number of a version, if it has one. */
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
