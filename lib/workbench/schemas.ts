/** Schemas of JSON values that valibot lacks. */
import * as v from "valibot";
import { type AnyBody, isJsonInteger, isObject } from "../protocol/message.ts";
import { isRawNumber, type Json as JsonValue, type RawNumber } from "../vortex/index.ts";

/** Any JSON value, `null` included. Only a missing field fails. */
export const Json = v.custom<JsonValue>((value) => value !== undefined, "must be any JSON value");

/** An integer of any size, written without a point: `1`, not `1.0`. */
export const Integer = v.custom<number | RawNumber>(isJsonInteger, "must be an integer");

/** A number in any notation: `1.0` and `1e3` too. */
export const AnyNumber = v.pipe(
  v.custom<number | RawNumber>(
    (value) => typeof value === "number" || isRawNumber(value),
    "must be a number",
  ),
  v.transform((value) => (typeof value === "number" ? value : Number(value.rawJSON))),
);

/**
 * An array of such elements. `null` counts as empty, as in Maelstrom's schemas: Go encodes a nil slice
 * as `null`.
 */
export function listOf<S extends v.GenericSchema>(element: S) {
  return v.pipe(
    v.nullable(v.array(element)),
    v.transform((list) => list ?? []),
  );
}

/** Any array, or `null`. */
export const List = listOf(Json);

/** An object with any keys. `v.record` alone would accept an array too. */
export function mapOf<S extends v.GenericSchema>(value: S) {
  return v.pipe(v.custom<AnyBody>(isObject, "must be an object"), v.record(v.string(), value));
}
