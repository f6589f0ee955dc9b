import * as v from "valibot";
import { isArray } from "../../../protocol/json-key.ts";
import type { Json as JsonValue } from "../../../vortex/index.ts";
import { Json } from "../../schemas.ts";
import type { LinearizableOptions } from "../linearizable/index.ts";
import { type Model, returned } from "../linearizable/model.ts";
import { viewedAsRegister } from "../register/register-search.ts";
import { changeOf, compareAndSet } from "./register.ts";

const Operations = {
  get: { value: Json, result: Json },
  put: { value: v.tuple([Json, Json]) },
  delete: { value: Json },
  cas: { value: v.tuple([Json, Json, Json]), result: Json },
};

/**
 * A map with compare-and-set. Each key is searched alone; its value is `null` while it is absent.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `get` | the key | its value, or `null` |
 * | `put` | `[key, value]` | anything |
 * | `delete` | the key | anything |
 * | `cas` | `[key, from, to]` | `false` if the key did not have `from`; anything else if it did |
 */
export const casMap = viewedAsRegister<
  Model<JsonValue, typeof Operations> & LinearizableOptions<typeof Operations>
>(
  ({ f, value, result }) => {
    if (f === "put") return { to: isArray(value) ? (value[1] ?? null) : null };
    if (f === "delete") return { to: null };
    if (f === "cas") return changeOf(value, result);
    return result === undefined ? {} : { from: result };
  },
  {
    init: null,
    operations: Operations,
    isRead: ({ f, result }) => f === "get" || (f === "cas" && result === false),
    key(operation) {
      if (operation.f === "get" || operation.f === "delete") return operation.value;
      return operation.value[0];
    },
    step(state, operation) {
      switch (operation.f) {
        case "get":
          return returned(operation, state) ? state : undefined;
        case "put":
          return operation.value[1];
        case "delete":
          return null;
        case "cas": {
          const [, from, to] = operation.value;
          return compareAndSet(state, [from, to], operation.result);
        }
      }
    },
  },
);
