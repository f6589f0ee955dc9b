import * as v from "valibot";
import { isArray, isSameJson } from "../../../protocol/json-key.ts";
import type { Json as JsonValue } from "../../../vortex/index.ts";
import { Json } from "../../schemas.ts";
import { type Model, returned } from "../linearizable/model.ts";
import type { RegisterEffect } from "../register/register-operation.ts";
import { viewedAsRegister } from "../register/register-search.ts";

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
export const register = viewedAsRegister<Model<JsonValue, typeof Operations>>(
  ({ f, value, result }) => {
    if (f === "write") return { to: value };
    if (f === "cas") return changeOf(value, result);
    return result === undefined ? {} : { from: result };
  },
  {
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
  },
);

/** The effect of a compare-and-set; `undefined` if it is known not to have matched. */
export function changeOf(
  value: JsonValue,
  result: JsonValue | undefined,
): RegisterEffect | undefined {
  const [from = null, to = null] = isArray(value) ? value.slice(-2) : [];
  return result === false ? undefined : { from, to };
}

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
