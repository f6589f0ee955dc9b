/** Decides linearizability for a model by trying every order: slow, but obviously correct. */
import {
  type AnyModel,
  type ModelOperation,
  OneOf,
} from "../../../lib/workbench/checkers/linearizable/model.ts";
import { type History, type Pair, pairs } from "../../../lib/workbench/history/history.ts";

/** Whether one operation must come before another in the order. */
type Precedes = (one: Pair, other: Pair) => boolean;

/** Whether one operation ended before the other started. */
export const inRealTime: Precedes = (one, other) => endOf(one) < other.invocation.index;

/** Whether both are of one process, and one came before the other. */
export const inProcess: Precedes = (one, other) =>
  one.invocation.process === other.invocation.process &&
  one.invocation.index < other.invocation.index;

/** Whether the operations have an order that the model accepts. */
export function hasOrder<State>(
  history: History,
  model: AnyModel<State>,
  precedes: Precedes = inRealTime,
): boolean {
  const happened = pairs(history).filter(({ completion }) => completion?.type !== "fail");
  // Forced: as for the checker, a function is what returns the state.
  const initial = typeof model.init === "function" ? (model.init as () => State)() : model.init;
  return search(initial, happened, model, precedes);
}

function search<State>(
  state: State,
  remaining: readonly Pair[],
  model: Pick<AnyModel<State>, "step">,
  precedes: Precedes,
): boolean {
  if (remaining.every((pair) => !isOk(pair))) return true;
  return remaining.some((next) => {
    const others = remaining.filter((other) => other !== next);
    if (others.some((other) => isOk(other) && precedes(other, next))) return false;
    const after = model.step(state, operationOf(next));
    const states = after === undefined ? [] : after instanceof OneOf ? after.states : [after];
    return states.some((each) => search(each, others, model, precedes));
  });
}

function operationOf({ invocation, completion }: Pair): ModelOperation {
  const { f, value } = invocation;
  const isDefinite = completion?.type === "ok";
  return {
    f,
    type: isDefinite ? "ok" : "info",
    value,
    result: isDefinite ? completion.value : undefined,
  };
}

function isOk({ completion }: Pair): boolean {
  return completion?.type === "ok";
}

function endOf(pair: Pair): number {
  return isOk(pair) ? (pair.completion?.index ?? 0) : Number.POSITIVE_INFINITY;
}
