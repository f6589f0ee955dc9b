/** Types of models; `npm run types` checks them. */
import { expectTypeOf } from "bun:test";
import * as v from "valibot";
import type { Json } from "../../lib/vortex/index.ts";
import {
  type Checker,
  fifoQueue,
  invariant,
  linearizable,
  oneOf,
  returned,
  sequential,
} from "../../lib/workload/index.ts";

// step sees the state, and each operation with the types that its schemas give it.
const counter = linearizable({
  init: 0,
  operations: {
    add: { value: v.number() },
    get: { result: v.number() },
    rename: { value: v.object({ name: v.string() }), result: v.boolean() },
  },
  isRead: ({ f }) => f === "get",
  key: ({ f }) => f,
  step(state, operation) {
    expectTypeOf(state).toEqualTypeOf<number>();
    expectTypeOf(operation.f).toEqualTypeOf<"add" | "get" | "rename">();
    expectTypeOf(operation.type).toEqualTypeOf<"ok" | "info">();
    if (operation.f === "add") {
      expectTypeOf(operation.value).toEqualTypeOf<number>();
      // Without a schema a result is any JSON.
      expectTypeOf(operation.result).toEqualTypeOf<Json | undefined>();
      return state + operation.value;
    }
    if (operation.f === "rename") {
      expectTypeOf(operation.value.name).toEqualTypeOf<string>();
      expectTypeOf(operation.result).toEqualTypeOf<boolean | undefined>();
      // A result is unknown in indefinite operations only.
      if (operation.type === "ok") expectTypeOf(operation.result).toEqualTypeOf<boolean>();
      return operation.type === "info" ? oneOf([state, state + 1]) : state;
    }
    return returned(operation, state) ? state : undefined;
  },
});
expectTypeOf(counter).toExtend<Checker>();

// A state of several types needs a function.
sequential({
  init: (): string | null => null,
  step: (owner, { f, value }) => {
    expectTypeOf(owner).toEqualTypeOf<string | null>();
    expectTypeOf(f).toEqualTypeOf<string>();
    expectTypeOf(value).toEqualTypeOf<Json>();
    return null;
  },
});

linearizable({
  init: 0,
  operations: { add: { value: v.number() } },
  // @ts-expect-error -- No such operation.
  isRead: ({ f }) => f === "get",
  step: (state) => state,
});
linearizable({
  init: 0,
  operations: { add: { value: v.number() } },
  // @ts-expect-error -- Not a state.
  step: () => "1",
});

// A ready model is spread, and mapped.
linearizable({
  ...fifoQueue,
  map: ({ f, ...operation }) => ({ ...operation, f: f === "push" ? "enqueue" : f }),
});
linearizable({
  ...fifoQueue,
  // @ts-expect-error -- A type of completion that does not exist.
  map: (operation) => ({ ...operation, type: "maybe" }),
});

invariant((history) => {
  const [first] = history;
  return first === undefined ? [] : [{ anomaly: "any", sentence: "…", operations: [first] }];
});
// @ts-expect-error -- A finding needs a sentence.
invariant(() => [{ anomaly: "any" }]);
