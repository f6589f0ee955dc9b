import * as v from "valibot";
import { type Model, returned } from "../linearizable/model.ts";

const Operations = {
  add: { value: v.number() },
  addAndGet: { value: v.number(), result: v.number() },
  read: { result: v.number() },
};

/**
 * A counter, at first 0.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `add` | the number to add, which may be negative | anything |
 * | `addAndGet` | the number to add | the new value |
 * | `read` | | the value |
 *
 * For counters whose reads may be stale, the checker `counter` examines the last reads only.
 */
export const counterModel: Model<number, typeof Operations> = {
  init: 0,
  operations: Operations,
  isRead: ({ f }) => f === "read",
  step(state, operation) {
    switch (operation.f) {
      case "read":
        return returned(operation, state) ? state : undefined;
      case "add":
        return state + operation.value;
      case "addAndGet": {
        const next = state + operation.value;
        return returned(operation, next) ? next : undefined;
      }
    }
  },
};
