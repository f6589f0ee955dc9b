import * as v from "valibot";
import type { Json as JsonValue } from "../../../vortex/index.ts";
import { Json } from "../../schemas.ts";
import { type Model, returned } from "../linearizable/model.ts";

const Operations = {
  append: { value: Json, result: v.nullish(v.number()) },
  read: { value: v.nullish(v.number()), result: v.array(Json) },
  get: { value: v.number(), result: Json },
};

/**
 * A log that entries are appended to, at first empty.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `append` | the entry | its offset, from 0, or `null` if it is not known |
 * | `read` | an offset, or `null` for 0 | all entries from there on |
 * | `get` | an offset | the entry there, or `null` if the log ends before |
 *
 * For logs by key with sparse offsets, and reads that may be stale, use the checker `log`.
 */
export const appendOnlyLog: Model<readonly JsonValue[], typeof Operations> = {
  init: [],
  operations: Operations,
  isRead: ({ f }) => f !== "append",
  step(state, operation) {
    switch (operation.f) {
      case "append": {
        const isHere = operation.result === undefined || operation.result === null;
        return isHere || operation.result === state.length
          ? [...state, operation.value]
          : undefined;
      }
      case "read":
        return returned(operation, state.slice(operation.value ?? 0)) ? state : undefined;
      case "get":
        return returned(operation, state[operation.value] ?? null) ? state : undefined;
    }
  },
};
