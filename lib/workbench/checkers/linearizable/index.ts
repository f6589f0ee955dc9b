/**
 * Checks histories against models: sequential specifications that are written as plain code.
 *
 * Linearizability is local: a history is linearizable if the operations on each object are. So a key
 * splits it, and each part is searched alone. Sequential consistency is not.
 *
 * @see M. Herlihy and J. Wing, "Linearizability: a correctness condition for concurrent objects", 1990
 * @see H. Attiya and J. Welch, "Sequential consistency versus linearizability", 1994
 */
import type { Json } from "../../../vortex/index.ts";
import type { Checker } from "../checker.ts";
import type { Mapping } from "../map-history.ts";
import { checkParts, type LinearizableVerdict } from "./check-parts.ts";
import type { AnyModel, Model, ModelOperation, OperationOf, OperationTable } from "./model.ts";
import type { NewOrderSearch } from "./order-search.ts";
import { newSequentialSearch } from "./process-order.ts";
import { newLinearizableSearch } from "./real-time-order.ts";
import type { Reporting } from "./reporting.ts";

export type { ClientOperation, MappedOperation, Mapping } from "../map-history.ts";
export type { LinearizableVerdict } from "./check-parts.ts";
export { type Model, type ModelOperation, oneOf, returned } from "./model.ts";
export { independent } from "./parts.ts";
export type { LimitedSearch, Reporting } from "./reporting.ts";

/** Options of {@link linearizable} and {@link sequential}. */
export interface LinearizableOptions<Table extends OperationTable> extends Mapping {
  /**
   * The key of an operation: the model then describes one key, and the history is split. By default
   * the one that `map` gives it, such as {@link independent} does.
   */
  readonly key?: (operation: OperationOf<Table>) => Json;
}

/**
 * Returns a checker of linearizability: valid if the operations have an order that respects real time
 * and that the model accepts.
 *
 * An operation takes effect at one moment between its start and its end. Failed operations did not
 * happen. Indefinite ones take effect at any time after their start, or never.
 *
 * Deciding this takes exponential time in the worst case. A search that reaches
 * `CheckOptions.maxSteps` or `CheckOptions.maxBytes` is `"unknown"`, with the reason and advice among the
 * findings.
 *
 * @param reporting What the verdict names, in which order and words.
 *
 * @example
 * const check = linearizable({
 *   init: 0,
 *   operations: { add: { value: v.number() }, get: { result: v.number() } },
 *   isRead: ({ f }) => f === "get",
 *   step: (state, operation) =>
 *     operation.f === "add"
 *       ? state + operation.value
 *       : returned(operation, state) ? state : undefined,
 * });
 *
 * @throws {Error} (the checker) if an operation is not one of the model's, or the model breaks its
 *   rules.
 */
export function linearizable<State, const Table extends OperationTable = OperationTable>(
  model: Model<State, Table> & LinearizableOptions<Table>,
  reporting: Reporting = {},
): Checker<LinearizableVerdict> {
  return checkerOf(model, newLinearizableSearch, reporting);
}

/**
 * Returns a checker of sequential consistency: valid if the operations have an order that keeps that of
 * each process, and that the model accepts. Unlike {@link linearizable}, reads may be stale.
 *
 * With a key, each key is checked alone. That is weaker than to check the whole: processes may then see
 * the operations on different keys in different orders.
 *
 * Options, limits and errors are those of {@link linearizable}.
 */
export function sequential<State, const Table extends OperationTable = OperationTable>(
  model: Model<State, Table> & LinearizableOptions<Table>,
  reporting: Reporting = {},
): Checker<LinearizableVerdict> {
  return checkerOf(model, newSequentialSearch, reporting);
}

function checkerOf<State, Table extends OperationTable>(
  model: Model<State, Table> & LinearizableOptions<Table>,
  newSearch: NewOrderSearch,
  reporting: Reporting,
): Checker<LinearizableVerdict> {
  // Forced: operations are parsed by the table before `step` and `key` receive them.
  const untyped = model as unknown as AnyModel<State> & Mapping;
  const key = model.key as ((operation: ModelOperation) => Json) | undefined;
  return (history, options = {}) =>
    checkParts(history, untyped, key, newSearch, reporting, options);
}
