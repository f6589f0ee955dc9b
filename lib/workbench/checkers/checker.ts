/**
 * The interface of checkers: a history goes in, a verdict with its findings comes out.
 *
 * The checker of a workload is a file or folder here, named after what it checks, and is listed in
 * by-workload.ts. Checkers that run in every test are in every-test/. Each new anomaly needs a section
 * in docs/anomalies.md.
 */
import type { History, Operation } from "../history/history.ts";

/** Maelstrom's verdicts: valid, invalid, or undecided. */
export type Validity = true | false | "unknown";

/** Test options that checkers read. */
export interface CheckOptions {
  /** Fraction of operations that must be `ok`; `"total"` means all. */
  readonly availability?: "total" | number;
  /** Consistency models that a transaction history must satisfy, such as `"read-committed"`. */
  readonly consistencyModels?: readonly string[];
  /**
   * Types of operation that may never be `ok`; `true` for all, as when settings were drawn at random. With
   * `true`, transactions need not depend on one another, either.
   */
  readonly mayNeverBeOk?: boolean | readonly string[];
  /**
   * Steps that all searches of a check may take together before the verdict becomes `"unknown"`.
   * The default takes about ten seconds.
   */
  readonly maxSteps?: number;
  /**
   * About how many bytes of memory all searches of a check may use together before the verdict becomes
   * `"unknown"`; 512 MiB by default.
   */
  readonly maxBytes?: number;
}

/** One anomaly, described so that a reader needs no other source. */
export interface Finding {
  /** Its established name, such as `"lost"`, `"G1a"` or `"poll-skip"`. */
  readonly anomaly: string;
  /** Describes it with processes, values and times; starts in lower case, as it follows the name. */
  readonly sentence: string;
  /** The operations involved, in history order. */
  readonly operations: readonly Operation[];
  /** The dependencies of a cycle of transactions, in order. */
  readonly cycle?: readonly CycleStep[];
  /** The longest orders of the operations that the search has found. */
  readonly linearization?: LinearizationAttempt;
  /** On the last example of an anomaly: how many more occurrences are not described. */
  readonly moreCount?: number;
}

/** One dependency of a cycle: `from` precedes `to`. */
export interface CycleStep {
  /** Indexes of the transactions' completions. */
  readonly from: number;
  readonly to: number;
  /** The kind of dependency: `"ww"`, `"wr"`, `"rw"`, `"process"` or `"realtime"`. */
  readonly relation: string;
  readonly sentence: string;
}

/**
 * The longest orders in which a model accepts the operations of a history that is not linearizable.
 *
 * Holds what a drawing needs, at most 60 operations and 6 orders.
 *
 * @see Porcupine, `LinearizationInfo` and its visualization
 */
export interface LinearizationAttempt {
  /** The part of the history that was searched, such as `"key 3"`; absent if it was searched whole. */
  readonly part?: string;
  /** The last operations up to the violation, in order of invocation. */
  readonly operations: readonly LinearizationBar[];
  /** Number of operations that are left out: most of those that returned before. */
  readonly omittedCount: number;
  /** Orders of the operations, as far as the model accepts them; the longest first. */
  readonly partials: readonly PartialLinearization[];
  /** Position in `operations` of the first operation to return that has a place in no order. */
  readonly stuck: number;
  /** Positions in `operations` of the definite ones that none of the orders contains, `stuck` included. */
  readonly unplaced: readonly number[];
}

/** Maximum number of operations of an attempt. */
export const MAX_BARS = 60;
/** Maximum number of orders of an attempt. */
export const MAX_PARTIALS = 6;

/** An operation, drawn as a bar from its invocation to its completion. */
export interface LinearizationBar {
  /** Index of the invocation in the history. */
  readonly invocation: number;
  /** Index of the completion; absent if the operation never completed. */
  readonly completion?: number;
  readonly process: number;
  /** Times of the history, in nanoseconds. */
  readonly start: number;
  /** Absent for an indefinite operation: it may take effect at any later time, or never. */
  readonly end?: number;
  /** Its function, argument and result, in at most 80 characters: `"cas 1 to 2"`, `"dequeue: 7"`. */
  readonly label: string;
}

/** An order of operations that the model accepts, and where it ends. */
export interface PartialLinearization {
  /** Describes the model's state before the first step. */
  readonly initialState: string;
  readonly steps: readonly LinearizationStep[];
  /** Positions in `operations` of the open ones that the model refuses after the last step. */
  readonly refused: readonly number[];
}

/** One operation of an order, and the state after it. */
export interface LinearizationStep {
  /** Position in `operations`. */
  readonly operation: number;
  /** Describes the model's state after the operation, in at most 120 characters. */
  readonly state: string;
}

/** A checker's answer: validity, findings, and the fields that Maelstrom reports, in camelCase. */
export interface Verdict {
  readonly valid: Validity;
  /** The first findings of each anomaly; the counts in other fields include all. */
  readonly explanation?: readonly Finding[];
  readonly [field: string]: unknown;
}

/**
 * A pure function from a history to a verdict.
 *
 * @throws {Error} where Maelstrom's checker throws.
 * @throws {FatalCheckError} if the verdicts of other checkers are void as well.
 */
export type Checker<V extends Verdict = Verdict> = (history: History, options: CheckOptions) => V;

/**
 * The history is impossible, so no verdict on it can be relied on.
 *
 * Corresponds to a failed assertion in Maelstrom's checkers. Maelstrom's composition catches
 * exceptions but not assertion errors, so the other checkers' verdicts are lost too.
 */
export class FatalCheckError extends Error {
  override readonly name = "FatalCheckError";
}

/** Merges validities: `false` outweighs `"unknown"`, which outweighs `true`. */
export function mergeValidity(verdicts: Iterable<Validity>): Validity {
  let merged: Validity = true;
  for (const valid of verdicts) {
    if (valid === false) return false;
    if (valid === "unknown") merged = valid;
  }
  return merged;
}
