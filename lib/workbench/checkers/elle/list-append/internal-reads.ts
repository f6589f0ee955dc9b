/**
 * Finds reads that contradict their own transaction: internal inconsistencies and future reads.
 *
 * @see Elle 0.2.2, elle.list-append/internal-cases
 */
import { isSameJson } from "../../../../protocol/json-key.ts";
import type { Json } from "../../../../vortex/index.ts";
import { describeOperation, quote } from "../../wording.ts";
import type { Anomalies } from "../anomalies.ts";
import { type Atom, atom, type TransactionHistory } from "../transactions.ts";
import { listOf } from "./list-orders.ts";

/** The list that a transaction must read: the whole list, or its last elements. */
interface Expected {
  readonly isWhole: boolean;
  readonly elements: readonly Json[];
}

/** Finds reads that contradict an earlier read or append of their own transaction. */
export function findInternal({ transactions }: TransactionHistory, anomalies: Anomalies): void {
  for (const { isOk, steps, completion } of transactions) {
    if (!isOk || steps.length < 2) continue;
    const expected = new Map<Atom, Expected | null>();
    for (const [f, key, value] of steps) {
      const keyAtom = atom(key);
      const before = expected.get(keyAtom);
      if (f !== "r") {
        const isWhole = before === undefined ? false : (before?.isWhole ?? true);
        expected.set(keyAtom, { isWhole, elements: [...(before?.elements ?? []), value] });
        continue;
      }
      if (before !== undefined && before !== null && !agrees(value, before)) {
        anomalies.add("internal", () => ({
          sentence:
            `${describeOperation(completion)} read key ${quote(key)} = ${quote(value)}, but by its own ` +
            `earlier steps the list ${before.isWhole ? "is" : "ends with"} ${quote(before.elements)}`,
          operations: [completion],
        }));
        break;
      }
      expected.set(keyAtom, value === null ? null : { isWhole: true, elements: listOf(value) });
    }
  }
}

function agrees(value: Json, { isWhole, elements }: Expected): boolean {
  const list = listOf(value);
  // Here Elle distinguishes the empty list from null.
  if (isWhole && value === null) return false;
  const skipped = list.length - elements.length;
  if (isWhole ? skipped !== 0 : skipped < 0) return false;
  return elements.every((element, i) => isSameJson(element, list[skipped + i] ?? null));
}

/** Finds reads of elements that their own transaction appends later. */
export function findFutureReads({ transactions }: TransactionHistory, anomalies: Anomalies): void {
  for (const { isOk, steps, completion } of transactions) {
    if (!isOk || steps.length < 2) continue;
    const future = steps.find(([f, key, element], i) => {
      if (f === "r") return false;
      return steps
        .slice(0, i)
        .some(
          ([f, k, value]) =>
            f === "r" &&
            isSameJson(k, key) &&
            listOf(value).some((other) => isSameJson(other, element)),
        );
    });
    if (future === undefined) continue;
    const [, key, element] = future;
    anomalies.add("future-read", () => ({
      sentence:
        `${describeOperation(completion)} read ${quote(element)} from key ${quote(key)} ` +
        "before appending it itself",
      operations: [completion],
    }));
  }
}
