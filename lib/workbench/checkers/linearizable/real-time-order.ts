/** The search for an order that respects real time. */
import { enumerate } from "../wording.ts";
import { type Failure, failureAt } from "./explain.ts";
import { type Limits, type NewOrderSearch, REST } from "./order-search.ts";
import { NEVER, Schedule } from "./schedule.ts";
import { search } from "./search.ts";
import { specialistOf } from "./specialists.ts";

/** A search, and settings that affect its speed. */
export interface Round extends Limits {
  /** Maximum number of operations that take effect between two returns, before the second. */
  readonly depth: number;
  /** Whether operations are tried in the order in which their effects were first seen. */
  readonly isRanked: boolean;
}

/**
 * Most parts are decided by the first search. If an order exists, a shallow search or one by ranks usually
 * finds it long before a deep one has excluded all others.
 */
export const ROUNDS: readonly Round[] = [
  { depth: Number.POSITIVE_INFINITY, isRanked: false, steps: 12_000, stepsPerOperation: 4 },
  { depth: Number.POSITIVE_INFINITY, isRanked: true, steps: 40_000, stepsPerOperation: 16 },
  { depth: 1, isRanked: false, steps: 50_000, stepsPerOperation: 16 },
  { depth: 2, isRanked: false, steps: 2_000_000, stepsPerOperation: 64 },
  // Among many indefinite operations, this finds orders where deeper ones do not end.
  { depth: 1, isRanked: false, steps: 500_000, stepsPerOperation: 64 },
  { depth: Number.POSITIVE_INFINITY, isRanked: true, steps: 2_000_000, stepsPerOperation: 64 },
  // Without an order, this often ends before one of depth 4, which visits nodes again.
  { depth: Number.POSITIVE_INFINITY, isRanked: false, steps: 3_000_000, stepsPerOperation: 64 },
  { depth: 4, isRanked: false, steps: 2_000_000, stepsPerOperation: 64 },
  { depth: Number.POSITIVE_INFINITY, isRanked: false, ...REST },
];

/** Searches as the model's specialist does, if it has one that understands the operations. */
export const newLinearizableSearch: NewOrderSearch = (subject) =>
  specialistOf(subject)?.(subject) ?? newGeneralSearch(subject);

const newGeneralSearch: NewOrderSearch = ({ operations, states, memory }) => {
  const schedule = new Schedule(operations);
  let furthest = 0;
  let hasRanks: boolean | undefined;
  const mayRank = () => {
    const { ranks } = operations;
    hasRanks ??= ranks.filter((rank) => rank !== NEVER).length * 4 > ranks.length;
    return hasRanks;
  };
  return {
    anomaly: NONLINEARIZABLE,
    isRealTime: true,
    rounds: ROUNDS,
    search(round, steps) {
      const { depth = Number.POSITIVE_INFINITY, isRanked = false } = ROUNDS[round] ?? {};
      if (isRanked && !mayRank()) return { linearizable: "unknown", steps: 0 };
      const result = search(schedule, states, { depth, isRanked, steps, memory });
      furthest = result.furthest;
      return result;
    },
    failure: () => failureAt(furthest, schedule, states, memory),
    describeFailure: describeNonlinearizable,
  };
};

export const NONLINEARIZABLE = "nonlinearizable";

export function describeNonlinearizable(
  { states, isComplete }: Failure,
  describeState: (state: number) => string,
): string {
  if (states.length === 0) return "no order of the preceding operations was found a second time";
  return (
    `every order of the preceding operations leaves ${enumerate(states, describeState, " or ")}` +
    `${isComplete ? "" : ", among others"}, and no open operation could change that in time`
  );
}
