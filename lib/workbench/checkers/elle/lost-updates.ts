/**
 * Finds lost updates.
 *
 * @see Elle 0.2.2, elle.txn/lost-update-cases
 */
import type { Json } from "../../../vortex/index.ts";
import type { Operation } from "../../history/history.ts";
import { describeOperation, enumerate, quote } from "../wording.ts";
import type { Anomalies } from "./anomalies.ts";
import { type Atom, atom, type TransactionHistory } from "./transactions.ts";

/**
 * Finds several `ok` transactions that read the same version of a key and then wrote it: all but one
 * of them were based on a version that was no longer current.
 *
 * @param versionOf Distinguishes the versions of a key.
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
          `so all but one of these updates were lost: ${enumerate(by, describeOperation)}`,
        operations: by,
      }));
    }
  }
}
