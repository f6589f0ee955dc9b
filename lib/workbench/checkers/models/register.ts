import * as v from "valibot";
import { isSameJson } from "../../../protocol/json-key.ts";
import type { Json as JsonValue } from "../../../vortex/index.ts";
import { Json } from "../../schemas.ts";
import { type Model, returned } from "../linearizable/model.ts";

const Operations = {
  read: { result: Json },
  write: { value: Json },
  cas: { value: v.tuple([Json, Json]), result: Json },
};

/**
 * A register that holds one value, at first `null`.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `read` | | the value |
 * | `write` | the value | anything |
 * | `cas` | `[from, to]` | `false` if the register did not hold `from`; anything else if it did |
 *
 * A `cas` that ends as `fail` is left out, as it did not happen. For many registers use
 * `map: independent`, where values are `[key, value]`.
 */
export const register: Model<JsonValue, typeof Operations> = {
  init: null,
  operations: Operations,
  isRead: ({ f, result }) => f === "read" || (f === "cas" && result === false),
  step(state, operation) {
    switch (operation.f) {
      case "read":
        return returned(operation, state) ? state : undefined;
      case "write":
        return operation.value;
      case "cas":
        return compareAndSet(state, operation.value, operation.result);
    }
  },
};

/** The value after a compare-and-set with this result, which is `undefined` if unknown. */
export function compareAndSet(
  held: JsonValue,
  [from, to]: readonly [JsonValue, JsonValue],
  result: JsonValue | undefined,
): JsonValue | undefined {
  const matches = isSameJson(held, from);
  if (result === undefined) return matches ? to : held;
  if (matches === (result === false)) return undefined;
  return matches ? to : held;
}
