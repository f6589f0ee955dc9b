import type { Json as JsonValue } from "../../../vortex/index.ts";
import { Json } from "../../schemas.ts";
import { type Model, returned } from "../linearizable/model.ts";

const QueueOperations = {
  enqueue: { value: Json },
  dequeue: { result: Json },
  peek: { result: Json },
};

/**
 * A queue: first in, first out. At first it is empty.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `enqueue` | the element, not `null` | anything |
 * | `dequeue` | | the oldest element, which leaves the queue; `null` if it is empty |
 * | `peek` | | the oldest element, which stays; `null` if it is empty |
 */
export const fifoQueue: Model<readonly JsonValue[], typeof QueueOperations> = {
  init: [],
  operations: QueueOperations,
  isRead: ({ f, result }) => f === "peek" || (f === "dequeue" && result === null),
  step(state, operation) {
    const [first = null, ...others] = state;
    switch (operation.f) {
      case "enqueue":
        return [...state, operation.value];
      case "dequeue":
        return returned(operation, first) ? others : undefined;
      case "peek":
        return returned(operation, first) ? state : undefined;
    }
  },
};

const StackOperations = {
  push: { value: Json },
  pop: { result: Json },
  peek: { result: Json },
};

/**
 * A stack: last in, first out. At first it is empty.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `push` | the element, not `null` | anything |
 * | `pop` | | the newest element, which leaves the stack; `null` if it is empty |
 * | `peek` | | the newest element, which stays; `null` if it is empty |
 */
export const stack: Model<readonly JsonValue[], typeof StackOperations> = {
  init: [],
  operations: StackOperations,
  isRead: ({ f, result }) => f === "peek" || (f === "pop" && result === null),
  step(state, operation) {
    const last = state.at(-1) ?? null;
    switch (operation.f) {
      case "push":
        return [...state, operation.value];
      case "pop":
        return returned(operation, last) ? state.slice(0, -1) : undefined;
      case "peek":
        return returned(operation, last) ? state : undefined;
    }
  },
};
