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
import { enumerate } from "../wording.ts";
import { checkParts, type LinearizableVerdict } from "./check-parts.ts";
import { type Failure, failureAt } from "./explain.ts";
import type { AnyModel, Model, ModelOperation, OperationOf, OperationTable } from "./model.ts";
import type { NewOrderSearch } from "./part-search.ts";
import { NEVER, Schedule } from "./schedule.ts";
import { search } from "./search.ts";
import { type SequentialResult, searchSequential } from "./sequential-search.ts";

export type { ClientOperation, MappedOperation, Mapping } from "../map-history.ts";
export type { LinearizableVerdict } from "./check-parts.ts";
export { type Model, type ModelOperation, oneOf, returned } from "./model.ts";
export { independent } from "./parts.ts";

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
): Checker<LinearizableVerdict> {
  return checkerOf(model, newLinearizableSearch);
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
): Checker<LinearizableVerdict> {
  return checkerOf(model, newSequentialSearch);
}

function checkerOf<State, Table extends OperationTable>(
  model: Model<State, Table> & LinearizableOptions<Table>,
  newSearch: NewOrderSearch,
): Checker<LinearizableVerdict> {
  // Forced: operations are parsed by the table before `step` and `key` receive them.
  const untyped = model as unknown as AnyModel<State> & Mapping;
  const key = model.key as ((operation: ModelOperation) => Json) | undefined;
  return (history, options = {}) => checkParts(history, untyped, key, newSearch, options);
}

/** The search for an order that respects real time. */
export const newLinearizableSearch: NewOrderSearch = (_, operations, transitions, memory) => {
  const schedule = new Schedule(operations);
  let furthest = 0;
  let hasRanks: boolean | undefined;
  const mayRank = () => {
    const { ranks } = operations;
    hasRanks ??= ranks.filter((rank) => rank !== NEVER).length * 4 > ranks.length;
    return hasRanks;
  };
  return {
    anomaly: "nonlinearizable",
    isRealTime: true,
    search({ depth, isRanked }, steps) {
      if (isRanked && !mayRank()) return { linearizable: "unknown", steps: 0 };
      const result = search(schedule, transitions, { depth, isRanked, steps, memory });
      furthest = result.furthest;
      return result;
    },
    failure: () => failureAt(furthest, schedule, transitions, memory),
    describeFailure({ states, isComplete }, describeState) {
      if (states.length === 0)
        return "no order of the preceding operations was found a second time";
      return (
        `every order of the preceding operations leaves ${enumerate(states, describeState, " or ")}` +
        `${isComplete ? "" : ", among others"}, where it cannot happen, ` +
        "and no open operation could change that in time"
      );
    },
  };
};

const newSequentialSearch: NewOrderSearch = (part, operations, transitions, memory) => {
  const processes = Int32Array.from(part.operations, ({ pair }) => Number(pair.invocation.process));
  let result: SequentialResult = { linearizable: "unknown", steps: 0, longest: [], waiting: [] };
  const schedule = new Schedule(operations);
  return {
    anomaly: "nonsequential",
    isRealTime: false,
    search(effort, steps) {
      // Where an order exists, one that respects real time usually does, and is found much faster.
      const inRealTime = search(schedule, transitions, { ...effort, steps: steps / 2, memory });
      if (inRealTime.linearizable === true) return inRealTime;
      const rest = steps - inRealTime.steps;
      result = searchSequential(operations, processes, transitions, rest, memory);
      return { ...result, steps: inRealTime.steps + result.steps };
    },
    failure(): Failure {
      const { longest, waiting } = result;
      const [stuck = 0, ...open] = waiting;
      const state = longest.at(-1)?.state ?? transitions.initial;
      return {
        stuck,
        open,
        earlier: longest.map(({ operation }) => operation),
        states: [state],
        isComplete: false,
        orders: [longest],
      };
    },
    describeFailure: ({ earlier, states }, describeState) =>
      `no order that keeps the order of each process has a place for it: the longest has ` +
      `${earlier.length} of ${part.operations.length} operations and leaves ` +
      `${enumerate(states, describeState)}, where none of the next ones can happen`,
  };
};
