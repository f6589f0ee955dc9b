/**
 * Explains why operations have no order that the model accepts: how far the longest orders come, in
 * which states they end, and which operations have no place in them.
 */
import {
  type LinearizationAttempt,
  type LinearizationBar,
  MAX_BARS,
  MAX_PARTIALS,
  type PartialLinearization,
} from "../checker.ts";
import type { Memory } from "./memory.ts";
import { NEVER, type Operations, REFUSED, type Schedule, type Transitions } from "./schedule.ts";
import { type Effect, search } from "./search.ts";

/** Describes states and operations. */
export interface Descriptions {
  /** Describes a state. */
  state(state: number): string;
  /** Draws an operation. */
  bar(operation: number): LinearizationBar;
}

/** The orders that come as far as any, and where they end. */
export interface Failure {
  /** The first operation that has a place in none of them. */
  readonly stuck: number;
  /** Operations that may have taken effect before it, or not. */
  readonly open: readonly number[];
  /** Operations that came before it, the latest last. */
  readonly earlier: readonly number[];
  /** Some states that orders lead to. */
  readonly states: readonly number[];
  /** Whether these are all states. */
  readonly isComplete: boolean;
  /** Orders that lead to these states, one for each. */
  readonly orders: readonly (readonly Effect[])[];
}

/** Maximum number of steps spent on an explanation: less than a second. */
const STEPS = 2_000_000;

/** Maximum number of orders looked at, as many lead to the same state. */
const MAX_ORDERS = 1000;

/** Collects orders that reach the return with this index, each with another state. */
export function failureAt(
  index: number,
  schedule: Schedule,
  transitions: Transitions,
  memory?: Memory,
): Failure {
  const { returns, callsBefore, operations } = schedule;
  const stuck = returns[index] ?? 0;
  const now = operations.returned[stuck] ?? NEVER;
  const orders = new Map<number, readonly Effect[]>();
  let count = 0;
  const { linearizable } = search(schedule, transitions, {
    steps: STEPS,
    ...(memory === undefined ? {} : { memory }),
    stop: {
      at: index,
      found: (order) => {
        const state = order.at(-1)?.state ?? transitions.initial;
        if (!orders.has(state)) orders.set(state, order);
        count++;
        return orders.size < MAX_PARTIALS && count < MAX_ORDERS;
      },
    },
  });
  const open: number[] = [];
  for (let operation = 0; operation < (callsBefore[index] ?? 0); operation++) {
    if ((operations.returned[operation] ?? 0) > now) open.push(operation);
  }
  return {
    stuck,
    open,
    earlier: [...returns.subarray(0, index)],
    states: [...orders.keys()],
    isComplete: linearizable === false,
    orders: [...orders.values()],
  };
}

/** Draws a failure. */
export function attemptOf(
  failure: Failure,
  operations: Operations,
  transitions: Transitions,
  describe: Descriptions,
  part: string | undefined,
): LinearizationAttempt {
  const { stuck, open, earlier } = failure;
  const { returned, kinds } = operations;
  const shown = shownOf(failure, operations);
  const positions = new Map(shown.map((operation, position) => [operation, position]));
  const isOpen = new Set([...open, stuck]);
  const orders = failure.orders
    .map((order) => extended(order, failure, operations, transitions))
    .sort((one, other) => other.length - one.length);
  const isRefused = (operation: number, state: number) =>
    transitions.next(state, kinds[operation] ?? 0) === REFUSED;
  const partials = orders.map((order): PartialLinearization => {
    const steps = order.flatMap(({ operation, state }) => {
      const position = positions.get(operation);
      return position === undefined ? [] : [{ operation: position, state: describe.state(state) }];
    });
    const first = order.findIndex(({ operation }) => positions.has(operation));
    const before = order[(first === -1 ? order.length : first) - 1]?.state ?? transitions.initial;
    const state = order.at(-1)?.state ?? transitions.initial;
    const placed = new Set(order.map(({ operation }) => operation));
    return {
      initialState: describe.state(before),
      steps,
      refused: shown.flatMap((operation, position) =>
        isOpen.has(operation) && !placed.has(operation) && isRefused(operation, state)
          ? [position]
          : [],
      ),
    };
  });
  const placed = new Set(orders.flat().map(({ operation }) => operation));
  return {
    ...(part === undefined ? {} : { part }),
    operations: shown.map((operation) => describe.bar(operation)),
    omittedCount: earlier.length + open.length + 1 - shown.length,
    partials,
    stuck: positions.get(stuck) ?? 0,
    unplaced: shown.flatMap((operation, position) =>
      placed.has(operation) || returned[operation] === NEVER ? [] : [position],
    ),
  };
}

/** The operations drawn: the one that is stuck, open ones, and the latest of the earlier ones. */
function shownOf({ stuck, open, earlier }: Failure, { returned }: Operations): number[] {
  const isDefinite = (operation: number) => returned[operation] !== NEVER;
  const definite = open.filter(isDefinite).slice(-MAX_BARS / 2);
  const indefinite = open.filter((operation) => !isDefinite(operation)).slice(-MAX_BARS / 4);
  const chosen = [stuck, ...definite, ...indefinite];
  const others = earlier.slice(Math.max(0, earlier.length - MAX_BARS + chosen.length));
  return [...others, ...chosen].sort((one, other) => one - other);
}

/** Continues an order with definite open operations, as long as the model accepts one. */
function extended(
  order: readonly Effect[],
  { open }: Failure,
  { kinds, returned }: Operations,
  transitions: Transitions,
): readonly Effect[] {
  const path = [...order];
  const placed = new Set(order.map(({ operation }) => operation));
  const waiting = new Set(open.filter((each) => returned[each] !== NEVER && !placed.has(each)));
  for (;;) {
    const from = path.at(-1)?.state ?? transitions.initial;
    const next = [...waiting]
      .map((operation) => ({
        operation,
        state: transitions.next(from, kinds[operation] ?? 0),
      }))
      .find(({ state }) => state !== REFUSED);
    if (next === undefined) return path;
    waiting.delete(next.operation);
    path.push(next);
  }
}
