/** Straightforward implementations of the objects that the ready models describe. */
import type { Json } from "../../../lib/vortex/index.ts";
import type { AnyModel } from "../../../lib/workbench/checkers/linearizable/model.ts";
import {
  appendOnlyLog,
  bank,
  counterModel,
  fifoQueue,
  register,
  set,
  stack,
} from "../../../lib/workbench/checkers/models/index.ts";
import type { Subject } from "./model-history.ts";

/** A model, and an object that it describes. */
export interface Modelled {
  readonly model: AnyModel<unknown>;
  readonly subject: Subject<unknown>;
}

const list = (below: (bound: number) => number): Json =>
  Array.from({ length: below(3) }, () => below(3));

function modelled<State>(model: unknown, subject: Subject<State>): Modelled {
  // Forced: each state goes only to the model and subject that it comes from.
  return { model: model as AnyModel<unknown>, subject: subject as Subject<unknown> };
}

const registers: Subject<Json> = {
  initial: null,
  draw: (below) => {
    const f = ["read", "write", "cas"][below(3)] ?? "read";
    const value = f === "read" ? null : f === "write" ? below(3) : [below(3), below(3)];
    return { f, value };
  },
  execute(state, f, value) {
    if (f === "read") return [state, state];
    if (!Array.isArray(value)) return [value, null];
    return value[0] === state ? [value[1], true] : [state, false];
  },
  drawResult: (f, below) => (f === "read" ? below(3) : f === "cas" ? below(2) === 0 : null),
};

const sets: Subject<readonly Json[]> = {
  initial: [],
  draw: (below) => {
    const f = ["add", "remove", "contains", "read"][below(4)] ?? "read";
    return { f, value: f === "read" ? null : below(3) };
  },
  execute(state, f, value) {
    const without = state.filter((each) => each !== value);
    if (f === "add") return [[...without, value], null];
    if (f === "remove") return [without, null];
    return [state, f === "read" ? state : state.includes(value)];
  },
  drawResult: (f, below) => (f === "read" ? list(below) : f === "contains" ? below(2) === 0 : null),
};

const counters: Subject<number> = {
  initial: 0,
  draw: (below) => ({
    f: ["add", "addAndGet", "read"][below(3)] ?? "read",
    value: below(4) - 1,
  }),
  execute(state, f, value) {
    const next = state + Number(value);
    return f === "read" ? [state, state] : [next, next];
  },
  drawResult: (_, below) => below(5),
};

function lists(add: string, take: string, isStack: boolean): Subject<readonly Json[]> {
  return {
    initial: [],
    draw: (below) => {
      const f = [add, take, "peek"][below(3)] ?? take;
      return { f, value: f === add ? below(4) : null };
    },
    execute(state, f, value) {
      if (f === add) return [[...state, value], null];
      const [taken = null] = isStack ? state.slice(-1) : state;
      const others = isStack ? state.slice(0, -1) : state.slice(1);
      return [f === take ? others : state, taken];
    },
    drawResult: (f, below) => (f === add ? null : below(4)),
  };
}

const logs: Subject<readonly Json[]> = {
  initial: [],
  draw: (below) => {
    const f = ["append", "read", "get"][below(3)] ?? "read";
    return { f, value: below(3) };
  },
  execute(state, f, value) {
    if (f === "append") return [[...state, value], state.length];
    if (f === "read") return [state, state.slice(Number(value))];
    return [state, state[Number(value)] ?? null];
  },
  drawResult: (f, below) => (f === "read" ? list(below) : below(3)),
};

const banks: Subject<{ readonly [account: string]: number }> = {
  initial: { a: 2, b: 2 },
  draw: (below) =>
    below(2) === 0
      ? { f: "read", value: null }
      : { f: "transfer", value: { from: "a", to: ["a", "b"][below(2)] ?? "b", amount: below(3) } },
  execute(state, f, value) {
    if (f === "read") return [state, state];
    const { to, amount } = value as { readonly to: string; readonly amount: number };
    if ((state["a"] ?? 0) < amount) return [state, false];
    const paid = { ...state, a: (state["a"] ?? 0) - amount };
    return [{ ...paid, [to]: (paid[to as "a"] ?? 0) + amount }, true];
  },
  drawResult: (f, below) => (f === "read" ? { a: below(4), b: below(4) } : below(2) === 0),
};

export const MODELLED: { readonly [name: string]: Modelled } = {
  register: modelled(register, registers),
  set: modelled(set, sets),
  counter: modelled(counterModel, counters),
  "FIFO queue": modelled(fifoQueue, lists("enqueue", "dequeue", false)),
  stack: modelled(stack, lists("push", "pop", true)),
  log: modelled(appendOnlyLog, logs),
  bank: modelled(bank({ balances: { a: 2, b: 2 } }), banks),
};
