/**
 * Finds anomalies of register transactions that need no graph: internal, G1a and G1b.
 *
 * @see Elle 0.2.2, elle.rw-register
 */
import { isSameJson } from "../../../../protocol/json-key.ts";
import type { Json } from "../../../../vortex/index.ts";
import { describeOperation, quote } from "../../wording.ts";
import type { Anomalies } from "../anomalies.ts";
import { type Atom, atom, type TransactionHistory } from "../transactions.ts";
import { failedWrites, intermediateWrites } from "../written-values.ts";

/** Finds reads that contradict an earlier read or write of their own transaction. */
export function findInternal({ transactions }: TransactionHistory, anomalies: Anomalies): void {
  for (const { isOk, steps, completion } of transactions) {
    if (!isOk || steps.length < 2) continue;
    const expected = new Map<Atom, Json>();
    for (const [f, key, value] of steps) {
      const keyAtom = atom(key);
      const before = expected.get(keyAtom) ?? null;
      // Elle cannot distinguish null and false from a key that the transaction has not touched.
      const isKnown = before !== null && before !== false;
      if (f === "r" && isKnown && !isSameJson(before, value)) {
        anomalies.add("internal", () => ({
          sentence:
            `${describeOperation(completion)} read key ${quote(key)} = ${quote(value)}, but had ` +
            `last read or written ${quote(before)} in the same transaction`,
          operations: [completion],
        }));
        break;
      }
      expected.set(keyAtom, value);
    }
  }
}

/** Finds reads of values whose transaction failed (G1a) or overwrote them itself (G1b). */
export function findDirtyReads(history: TransactionHistory, anomalies: Anomalies): void {
  const failed = failedWrites(history);
  const intermediate = intermediateWrites(history);
  if (failed.isEmpty && intermediate.isEmpty) return;
  for (const { isOk, steps, completion } of history.transactions) {
    if (!isOk) continue;
    for (const [f, key, value] of steps) {
      if (f !== "r") continue;
      const aborted = failed.writer(key, value);
      if (aborted !== undefined) {
        anomalies.add("G1a", () => ({
          sentence:
            `${describeOperation(completion)} read key ${quote(key)} = ${quote(value)}, written by ` +
            `${describeOperation(aborted)}, which failed and must have no effect`,
          operations: [aborted, completion],
        }));
      }
      const writer = intermediate.writer(key, value);
      if (writer !== undefined && writer !== completion) {
        anomalies.add("G1b", () => ({
          sentence:
            `${describeOperation(completion)} read key ${quote(key)} = ${quote(value)}, an ` +
            `intermediate state: ${describeOperation(writer)} wrote it, then overwrote it in the ` +
            "same transaction",
          operations: [writer, completion],
        }));
      }
    }
  }
}
