import * as v from "valibot";
import { jsonKey } from "../../../protocol/json-key.ts";
import { Json } from "../../schemas.ts";
import type { Model } from "../linearizable/model.ts";

const Operations = {
  add: { value: Json },
  remove: { value: Json },
  contains: { value: Json, result: v.boolean() },
  read: { result: v.array(Json) },
};

/**
 * A set, at first empty.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `add` | the element | anything |
 * | `remove` | the element | anything |
 * | `contains` | the element | whether the set has it |
 * | `read` | | all elements, each once, in any order |
 *
 * For large sets that only grow, and whose reads may be stale, use `setFull`. Without `read`, the set can
 * be split: `key: ({ value }) => value`.
 */
export const set: Model<ReadonlySet<string>, typeof Operations> = {
  init: () => new Set(),
  operations: Operations,
  isRead: ({ f }) => f === "contains" || f === "read",
  step(state, operation) {
    switch (operation.f) {
      case "add": {
        const key = jsonKey(operation.value);
        return state.has(key) ? state : new Set([...state, key]);
      }
      case "remove": {
        const key = jsonKey(operation.value);
        return state.has(key) ? new Set([...state].filter((other) => other !== key)) : state;
      }
      case "contains": {
        const { result, value } = operation;
        return result === undefined || result === state.has(jsonKey(value)) ? state : undefined;
      }
      case "read": {
        const { result } = operation;
        if (result === undefined) return state;
        const isEqual =
          result.length === state.size && result.every((each) => state.has(jsonKey(each)));
        return isEqual && new Set(result.map(jsonKey)).size === state.size ? state : undefined;
      }
    }
  },
  describeState: (state) => `{${[...state].join(", ")}}`,
};
