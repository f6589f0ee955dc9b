/** Searches for models whose operations are understood better than by their `step` alone. */
import type { OrderSearch, Subject } from "./order-search.ts";

/** Makes the search of a part; `undefined` if it has operations of another kind. */
export type Specialist = (subject: Subject) => OrderSearch | undefined;

/** Specialists belong to a `step`: a model that replaces the step of another has none. */
const known = new WeakMap<object, Specialist>();

/** Lets a specialist look for orders of a model's operations that respect real time. */
export function searchedBy<M extends { readonly step: object }>(
  specialist: Specialist,
  model: M,
): M {
  known.set(model.step, specialist);
  return model;
}

export function specialistOf({ step }: { readonly step: object }): Specialist | undefined {
  return known.get(step);
}
