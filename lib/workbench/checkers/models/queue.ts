import type { Json as JsonValue } from "../../../vortex/index.ts";
import { Json } from "../../schemas.ts";
import { type Decide, decidedBy, UNKNOWN } from "../linearizable/decisions.ts";
import { type Model, returned } from "../linearizable/model.ts";
import { decideQueue } from "../linearizable/queue-order.ts";
import { decideStack } from "../linearizable/stack-order.ts";

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
 *
 * If no element is enqueued twice, and no peek returns one, long histories are decided at once. Others are
 * searched.
 */
export const fifoQueue = decidedBy<Model<readonly JsonValue[], typeof QueueOperations>>(
  fromEmpty(decideQueue),
  {
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
  },
);

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
 *
 * If no element is pushed twice, and no peek returns one, long histories are decided at once. Others are
 * searched.
 */
export const stack = decidedBy<Model<readonly JsonValue[], typeof StackOperations>>(
  fromEmpty(decideStack),
  {
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
  },
);

/** Decides only if the model starts without elements. */
function fromEmpty(decide: Decide): Decide {
  return (part, operations, initial) =>
    Array.isArray(initial) && initial.length === 0 ? decide(part, operations, initial) : UNKNOWN;
}
