import * as v from "valibot";
import type { Json as JsonValue } from "../../vortex/index.ts";

/** Any JSON value, null among them; only that it is there matters. */
export const Json = v.custom<JsonValue>((value) => value !== undefined, "must be any JSON value");
