/** Compares the transaction that a client asked for with the one that a node answered. */
import { isArray, jsonKey } from "../../protocol/json-key.ts";
import { shorten } from "../../protocol/shorten.ts";
import type { Json } from "../../vortex/index.ts";
import { type History, pairs } from "../history/history.ts";

/**
 * Describes how an answered transaction differs from the requested one, beyond the values of reads;
 * `undefined` if it does not.
 */
export function differenceOf(asked: Json, answered: Json): string | undefined {
  if (!isArray(asked)) return undefined;
  const steps = answered !== null && isArray(answered) ? answered : [];
  if (steps.length !== asked.length) {
    return `the transaction has ${count(asked.length)}, but the answer has ${count(steps.length)}`;
  }
  try {
    const index = asked.findIndex((step, at) => !isSameStep(step, steps[at] ?? null));
    if (index < 0) return undefined;
    const [one, other] = [asked, steps].map((all) => shorten(jsonKey(all[index] ?? null)));
    return `operation ${index + 1} of the transaction is ${one}, but ${other} in the answer`;
  } catch (error) {
    // A node may nest an answer deeper than the stack.
    if (error instanceof RangeError) return "the answer is nested too deep to compare";
    throw error;
  }
}

/** Whether two steps have the same function and key, and write the same value. */
function isSameStep(asked: Json, answered: Json): boolean {
  if (!isArray(asked) || !isArray(answered)) return jsonKey(asked) === jsonKey(answered);
  const compared = asked[0] === "r" ? 2 : 3;
  const keyOf = (step: readonly Json[]) => jsonKey(step.slice(0, compared));
  return keyOf(asked) === keyOf(answered);
}

function count(length: number): string {
  return length === 1 ? "1 operation" : `${length} operations`;
}

/** Answers with another transaction than was asked for, in a stored history. */
export interface OtherTransactions {
  readonly count: number;
  /** Index of the first such completion. */
  readonly index: number;
  readonly reason: string;
}

export function otherTransactionsOf(history: History): OtherTransactions | undefined {
  let count = 0;
  let first: { readonly index: number; readonly reason: string } | undefined;
  for (const { invocation, completion } of pairs(history)) {
    if (invocation.f !== "txn" || completion?.type !== "ok") continue;
    const reason = differenceOf(invocation.value, completion.value);
    if (reason === undefined) continue;
    count++;
    first ??= { index: completion.index, reason };
  }
  return first === undefined ? undefined : { count, ...first };
}
