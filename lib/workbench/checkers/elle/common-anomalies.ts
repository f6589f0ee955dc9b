/**
 * What both transaction workloads look for besides cycles.
 *
 * @see Elle 0.2.2, elle.txn
 */
import type { Json } from "../../../vortex/index.ts";
import type { Operation } from "../../history/history.ts";
import { describeOperation, enumerate, quote } from "../wording.ts";
import type { Anomalies } from "./anomalies.ts";
import {
  type Atom,
  atom,
  microOperations,
  type TransactionHistory,
  VersionTable,
} from "./transactions.ts";

/** Values written, each with an operation that did it: the last one where several did. */
export class WrittenValues {
  readonly #versions = new VersionTable();
  readonly #writers: Operation[] = [];

  get isEmpty(): boolean {
    return this.#writers.length === 0;
  }

  add(key: Json, value: Json, writer: Operation): void {
    this.#writers[this.#versions.number(key, value)] = writer;
  }

  writer(key: Json, value: Json): Operation | undefined {
    const version = this.#versions.find(key, value);
    return version === undefined ? undefined : this.#writers[version];
  }
}

/** Values that transactions wrote which certainly did not happen. */
export function failedWrites({ operations }: TransactionHistory): WrittenValues {
  const failed = new WrittenValues();
  for (const operation of operations) {
    if (operation.type !== "fail") continue;
    for (const [f, key, value] of microOperations(operation)) {
      if (f !== "r") failed.add(key, value, operation);
    }
  }
  return failed;
}

/** Values that transactions overwrote themselves, whatever became of the transaction. */
export function intermediateWrites({ operations }: TransactionHistory): WrittenValues {
  const intermediate = new WrittenValues();
  for (const operation of operations) {
    const steps = microOperations(operation);
    if (steps.length < 2) continue;
    const latest = new Map<Atom, Json>();
    for (const [f, key, value] of steps) {
      if (f === "r") continue;
      const keyAtom = atom(key);
      const overwritten = latest.get(keyAtom) ?? null;
      if (overwritten !== null && overwritten !== false) {
        intermediate.add(key, overwritten, operation);
      }
      latest.set(keyAtom, value);
    }
  }
  return intermediate;
}

/**
 * Lost updates: several `ok` transactions that read the same version of a key and then wrote it.
 * Each but one was based on a version that was no longer current.
 *
 * @param versionOf What distinguishes one version read from another.
 */
export function findLostUpdates(
  { transactions }: TransactionHistory,
  anomalies: Anomalies,
  versionOf: (key: Json, value: Json) => Atom,
): void {
  const updates = new Map<Atom, Map<Atom, { key: Json; value: Json; by: Operation[] }>>();
  for (const { isOk, steps, completion } of transactions) {
    if (!isOk || steps.length < 2) continue;
    const firstReads = new Map<Atom, Json>();
    const counted = new Set<Atom>();
    for (const [f, key, value] of steps) {
      const keyAtom = atom(key);
      if (f === "r") {
        if (!firstReads.has(keyAtom)) firstReads.set(keyAtom, value);
        continue;
      }
      const read = firstReads.get(keyAtom);
      if (read === undefined || counted.has(keyAtom)) continue;
      counted.add(keyAtom);
      const ofKey = updates.get(keyAtom) ?? new Map();
      updates.set(keyAtom, ofKey);
      const version = versionOf(key, read);
      const update = ofKey.get(version) ?? { key, value: read, by: [] };
      ofKey.set(version, update);
      update.by.push(completion);
    }
  }
  for (const ofKey of updates.values()) {
    for (const { key, value, by } of ofKey.values()) {
      if (by.length < 2) continue;
      anomalies.add("lost-update", () => ({
        sentence:
          `${by.length} transactions read key ${quote(key)} = ${quote(value)} and then wrote it, ` +
          `so that all but one of these updates were lost: ${enumerate(by, describeOperation)}`,
        operations: by,
      }));
    }
  }
}
