/**
 * The search for registers: a short one as for any model, then `linearize`, ever wider.
 *
 * If few operations overlap, the first takes a third of the time. With many indefinite ones, the
 * second finds orders which the first does not.
 */
import { failureAt } from "../linearizable/explain.ts";
import { type Limits, type OrderSearch, REST, type Subject } from "../linearizable/order-search.ts";
import { describeNonlinearizable, NONLINEARIZABLE } from "../linearizable/real-time-order.ts";
import { type Operations, Schedule } from "../linearizable/schedule.ts";
import { search } from "../linearizable/search.ts";
import { searchedBy } from "../linearizable/specialists.ts";
import { type Linearization, linearize } from "./linearize.ts";
import { type RegisterOperation, type RegisterView, registerPart } from "./register-operation.ts";

/** Steps that decide most histories: a few hundredths of a second for 10,000 operations. */
const FIRST: Limits = { steps: 0, stepsPerOperation: 64 };

/**
 * Widths of successive searches.
 *
 * A narrow search finds a linearization fastest, even among thousands of indefinite operations, and
 * fails fast if it is too narrow. Only a search that drops no configuration proves that none exists.
 */
const WIDTHS = [2, 4, 8, 32, 128, 2048, 32_768];

const ROUNDS: readonly Limits[] = [FIRST, ...WIDTHS.map(() => REST)];

/** Steps of the explanation of what the first search has decided: a second or two. */
const EXPLANATION_STEPS = 10_000_000;

/** Lets operations of a model be searched as those of a register, whose value is the model's state. */
export function viewedAsRegister<M extends { readonly step: object }>(
  view: RegisterView,
  model: M,
): M {
  return searchedBy((subject) => newRegisterSearch(subject, view), model);
}

function newRegisterSearch(subject: Subject, view: RegisterView): OrderSearch | undefined {
  const { operations, states, memory } = subject;
  const register = registerPart(subject, view);
  if (register === undefined) return undefined;
  let decoded: readonly RegisterOperation[] | undefined;
  const registerOperations = () => {
    decoded ??= register.operations();
    return decoded;
  };
  let furthest = 0;
  let result: Linearization = { linearizable: "unknown", steps: 0 };
  return {
    anomaly: NONLINEARIZABLE,
    isRealTime: true,
    rounds: ROUNDS,
    search(round, steps) {
      if (round > 0) {
        result = linearize(registerOperations(), { width: WIDTHS[round - 1] ?? 1, steps });
        return result;
      }
      const schedule = new Schedule(withSameKinds(operations, register.sameKinds));
      const first = search(schedule, register.transitions, { steps, memory });
      furthest = first.furthest;
      return { linearizable: first.linearizable, steps: first.steps };
    },
    failure() {
      // The first search does not know what the register may have held.
      for (let round = 0; round < WIDTHS.length && result.linearizable === "unknown"; round++) {
        const width = WIDTHS[round] ?? 1;
        result = linearize(registerOperations(), { width, steps: EXPLANATION_STEPS });
      }
      const schedule = new Schedule(operations);
      if (result.linearizable !== false) return failureAt(furthest, schedule, states, memory);
      const { stuck, values } = result;
      return {
        ...failureAt(schedule.returns.indexOf(stuck.index), schedule, states, memory),
        states: values.map((value) => states.numberOf(register.values[value])),
        isComplete: true,
      };
    },
    describeFailure: (failure, describeState) =>
      result.linearizable === false && isNeverSet(result.stuck, registerOperations())
        ? "no operation invoked before that sets the value it needs"
        : describeNonlinearizable(failure, describeState),
  };
}

function isNeverSet(
  { from, returned }: RegisterOperation,
  operations: readonly RegisterOperation[],
): boolean {
  return !operations.some(({ to, called }) => to === from && called < returned);
}

/** Makes operations with the same effect one kind, whether definite or not. */
function withSameKinds(operations: Operations, sameKinds: readonly number[]): Operations {
  if (sameKinds.every((same, kind) => same === kind)) return operations;
  const { isRead, called, returned } = operations;
  return {
    kinds: operations.kinds.map((kind) => sameKinds[kind] ?? kind),
    isRead,
    called,
    returned,
    get groups() {
      return operations.groups;
    },
    get ranks() {
      return operations.ranks;
    },
  };
}
