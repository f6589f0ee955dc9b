/** Schemas of JSON values that valibot has no names for. */
import * as v from "valibot";
import { type AnyBody, isJsonInteger, isObject } from "../protocol/message.ts";
import { isRawNumber, type Json as JsonValue, type RawNumber } from "../vortex/index.ts";

/** Any JSON value, null among them; only that it is there matters. */
export const Json = v.custom<JsonValue>((value) => value !== undefined, "must be any JSON value");

/** A number that JSON has as an integer, of any size: `1`, not `1.0`. */
export const Integer = v.custom<number | RawNumber>(isJsonInteger, "must be an integer");

/** A number in any notation: `1.0` and `1e3` too. */
export const AnyNumber = v.pipe(
  v.custom<number | RawNumber>(
    (value) => typeof value === "number" || isRawNumber(value),
    "must be a number",
  ),
  v.transform((value) => (typeof value === "number" ? value : Number(value.rawJSON))),
);

/** An array of anything; `null` passes for the empty one, as with Maelstrom's schemas. */
export const List = v.pipe(
  v.nullable(v.array(Json)),
  v.transform((list) => list ?? []),
);

/** An object with any keys: not an array, which valibot alone would take for one. */
export function mapOf<S extends v.GenericSchema>(value: S) {
  return v.pipe(v.custom<AnyBody>(isObject, "must be an object"), v.record(v.string(), value));
}
