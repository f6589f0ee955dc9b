/** The interface of searches for an order of the operations of one part of a history. */
import type { Validity } from "../checker.ts";
import type { Failure } from "./explain.ts";
import type { Memory } from "./memory.ts";
import type { Part } from "./parts.ts";
import type { Operations, Transitions } from "./schedule.ts";

/** The operations of one part of a history, and the states of its model. */
export interface Subject {
  readonly part: Part;
  readonly operations: Operations;
  readonly states: States;
  readonly memory: Memory;
  /** The model's initial state for the part. */
  readonly initial: unknown;
  /** The function of the model that leads from one state to the next. */
  readonly step: object;
}

/** States of a model by number. */
export interface States extends Transitions {
  /** The number of a state. */
  numberOf(state: unknown): number;
}

/** Limits of a search: the greater one holds. */
export interface Limits {
  readonly steps: number;
  readonly stepsPerOperation: number;
}

/** Decides whether operations have an order of some kind. */
export interface OrderSearch {
  /** Name of the anomaly, if the operations lack such an order. */
  readonly anomaly: string;
  /** Whether the order must respect real time. */
  readonly isRealTime: boolean;
  /** Searches to make in turn, while none decides. The last ones share the steps that are left. */
  readonly rounds: readonly Limits[];
  /**
   * @param round Index in `rounds`.
   * @param steps Maximum number of operations tried.
   */
  search(round: number, steps: number): OrderResult;
  /** Explains the last result, if it was `false`. */
  failure(): Failure;
  /** Says why a failure's operation has no place, after the word "but". */
  describeFailure(failure: Failure, describeState: (state: number) => string): string;
}

export interface OrderResult {
  readonly linearizable: Validity;
  readonly steps: number;
  /** Why the result is unknown; absent if another search may decide. */
  readonly limit?: "steps" | "memory";
}

/** Makes the search for a part. */
export type NewOrderSearch = (subject: Subject) => OrderSearch;

/** The limits of a search that takes what is left of the steps. */
export const REST: Limits = { steps: Number.POSITIVE_INFINITY, stepsPerOperation: 0 };
