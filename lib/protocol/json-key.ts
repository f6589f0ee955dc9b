/**
 * Equality of JSON values, as Maelstrom's checkers and services define it.
 *
 * Values are compared deeply; the order of an object's keys does not matter. `1`, `1.0` and `"1"`
 * are three values, `1.0` and `1e0` are one; integers keep all their digits.
 *
 * @see Clojure, `=` on the output of its JSON parser: integers and doubles are never equal
 */
import { isRawNumber, type Json } from "./json.ts";

/** Returns a text that equal JSON values share and unequal ones do not: a key for maps and sets. */
export function jsonKey(value: Json): string {
  if (typeof value === "number") return String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isRawNumber(value)) return numberKey(value.rawJSON);
  if (isArray(value)) return `[${value.map(jsonKey).join()}]`;
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${jsonKey(value[key] ?? null)}`);
  return `{${entries.join()}}`;
}

/** Whether two JSON values are equal. */
export function isSameJson(one: Json, other: Json): boolean {
  if (one === other) return true;
  // Most values are numbers and strings, and most of those differ.
  if (typeof one !== "object" && typeof other !== "object") return false;
  return jsonKey(one) === jsonKey(other);
}

/** Like `Array.isArray`, which does not narrow to a readonly array. */
export function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function numberKey(source: string): string {
  if (/^-?\d+$/.test(source)) return String(BigInt(source));
  const double = Number(source);
  return Number.isInteger(double) ? `${double}.0` : String(double);
}
