/** The search for an order that keeps that of each process, but not real time. */
import type { Failure } from "./explain.ts";
import type { NewOrderSearch } from "./order-search.ts";
import { ROUNDS } from "./real-time-order.ts";
import { Schedule } from "./schedule.ts";
import { search } from "./search.ts";
import { type SequentialResult, searchSequential } from "./sequential-search.ts";

export const newSequentialSearch: NewOrderSearch = ({ part, operations, states, memory }) => {
  const processes = Int32Array.from(part.pairs, ({ invocation }) => Number(invocation.process));
  let result: SequentialResult = { linearizable: "unknown", steps: 0, longest: [], waiting: [] };
  const schedule = new Schedule(operations);
  return {
    anomaly: "nonsequential",
    isRealTime: false,
    rounds: ROUNDS,
    search(round, steps) {
      const { depth = Number.POSITIVE_INFINITY, isRanked = false } = ROUNDS[round] ?? {};
      // Where an order exists, one that respects real time usually does, and is found much faster.
      const inRealTime = search(schedule, states, { depth, isRanked, steps: steps / 2, memory });
      if (inRealTime.linearizable === true) return inRealTime;
      const rest = steps - inRealTime.steps;
      result = searchSequential(operations, processes, states, rest, memory);
      return { ...result, steps: inRealTime.steps + result.steps };
    },
    failure(): Failure {
      const { longest, waiting } = result;
      const [stuck = 0, ...open] = waiting;
      const state = longest.at(-1)?.state ?? states.initial;
      return {
        stuck,
        open,
        earlier: longest.map(({ operation }) => operation),
        states: [state],
        isComplete: false,
        orders: [longest],
      };
    },
    describeFailure: ({ earlier, states: [state = 0] }, describeState) =>
      `no order that keeps the order of each process has a place for it: the longest has ` +
      `${earlier.length} of ${part.pairs.length} operations and leaves ` +
      `${describeState(state)}, where none of the next ones can happen`,
  };
};
