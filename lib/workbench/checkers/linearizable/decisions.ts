/**
 * Decisions without a search, for models whose histories are known to have an order exactly if they
 * lack certain patterns.
 */
import type { Part } from "./parts.ts";
import type { Operations } from "./schedule.ts";

/** Whether operations have an order that respects real time. */
export type Decision =
  | { readonly valid: true }
  /** The operations are not of the kind that is understood: they must be searched. */
  | { readonly valid: "unknown" }
  | Violation;

export interface Violation {
  readonly valid: false;
  /** Says why there is no order. */
  readonly sentence: string;
  /** The operations that show it. */
  readonly operations: readonly number[];
}

/** Decides on the operations of a part, from an initial state. */
export type Decide = (part: Part, operations: Operations, initial: unknown) => Decision;

export const UNKNOWN: Decision = { valid: "unknown" };

/** Decisions belong to a `step`: a model that replaces the step of another is searched. */
const known = new WeakMap<object, Decide>();

/** Lets the histories of a model be decided without a search. */
export function decidedBy<M extends { readonly step: object }>(decide: Decide, model: M): M {
  known.set(model.step, decide);
  return model;
}

export function decisionOf({ step }: { readonly step: object }): Decide | undefined {
  return known.get(step);
}
