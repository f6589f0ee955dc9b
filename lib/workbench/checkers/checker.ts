/** What a checker is and says. */
import type { History, Operation } from "../history/history.ts";

/** Maelstrom's verdicts: it holds, it does not, or nobody could tell. */
export type Validity = true | false | "unknown";

/** What a checker may need to know of the test besides its history. */
export interface CheckOptions {
  /** The part of operations that must be `ok`: `"total"` is all. */
  readonly availability?: "total" | number;
  /** Models that a transaction history must satisfy, such as `"read-committed"`. */
  readonly consistencyModels?: readonly string[];
  /**
   * How many steps searches may take together before they give up, and say that it is unknown; some
   * ten seconds of them by default.
   */
  readonly maxSteps?: number;
}

/** One thing that a checker found, told so that a reader needs no other source. */
export interface Finding {
  /** The field's name of it: `"lost"`, `"G1a"`, `"poll-skip"`. */
  readonly anomaly: string;
  /** What went wrong, in a sentence: who, what, when. */
  readonly sentence: string;
  /** The operations that it consists of, in order. */
  readonly operations: readonly Operation[];
  /** Of a cycle of transactions: why each comes before the next. */
  readonly cycle?: readonly CycleStep[];
}

/** Why one transaction comes before another. */
export interface CycleStep {
  /** Indexes of the transactions' completions. */
  readonly from: number;
  readonly to: number;
  /** What is known of their order: `"ww"`, `"wr"`, `"rw"`, `"process"` or `"realtime"`. */
  readonly relation: string;
  readonly sentence: string;
}

/**
 * A checker's answer: its verdict, what it found, and the fields that Maelstrom reports, in
 * camelCase.
 */
export interface Verdict {
  readonly valid: Validity;
  /** The most telling findings, the first ones of each kind. */
  readonly explanation?: readonly Finding[];
  readonly [field: string]: unknown;
}

/**
 * Judges a history; a pure function.
 *
 * Where Maelstrom's checker throws, so does this one: an `Error` that says why.
 *
 * @throws {FatalCheckError} when no other checker's verdict counts any more either.
 */
export type Checker<V extends Verdict = Verdict> = (history: History, options: CheckOptions) => V;

/**
 * A checker met what cannot be: nothing about this history can be relied on.
 *
 * Stands for the failed assertions in Maelstrom's checkers, which are no exceptions that its
 * composition would catch: they take the other checkers' verdicts with them.
 */
export class FatalCheckError extends Error {
  override readonly name = "FatalCheckError";
}

/** Merges verdicts: `false` beats `"unknown"` beats `true`. */
export function mergeValidity(verdicts: Iterable<Validity>): Validity {
  let merged: Validity = true;
  for (const valid of verdicts) {
    if (valid === false) return false;
    if (valid === "unknown") merged = valid;
  }
  return merged;
}
