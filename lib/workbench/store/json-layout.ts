/**
 * JSON that is laid out for people, with a bounded indentation.
 *
 * Not a package, because nodes decide what the values hold. json-stringify-pretty-compact 4.0.0 and
 * `JSON.stringify(value, null, 2)` print 2 MB for a value nested 1,000 levels deep, where this prints
 * 2 kB; the former also prints an integer of 120 digits as `{"rawJSON": ...}`, as fracturedjsonjs
 * 5.0.1 does with `1.0` (`bun test/bench/libraries.ts`).
 */
import { isObject } from "../../protocol/message.ts";
import { isRawNumber, parseJson, stringifyJson } from "../../vortex/index.ts";

const MAX_LEVELS = 5;

/**
 * Prints a value over several lines: one per entry, down to the fifth level, where results list
 * operations. Deeper values, and arrays of plain values, take one line.
 *
 * @throws {RangeError | TypeError} as `stringifyJson` does.
 */
export function layOutJson(value: unknown): string {
  return layOut(value, MAX_LEVELS, "\n");
}

/**
 * Returns a value as JSON can hold it: big integers digit for digit, sets as arrays, maps as objects
 * whose keys are strings, or else the JSON of what they were.
 */
export function storable(value: unknown): unknown {
  if (typeof value === "bigint") return parseJson(String(value));
  if (value instanceof Set) return [...value].map(storable);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, entry]) => [keyOf(key), storable(entry)]));
  }
  if (Array.isArray(value)) return value.map(storable);
  if (!isObject(value) || isRawNumber(value) || typeof value["toJSON"] === "function") return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, storable(entry)]));
}

function keyOf(key: unknown): string {
  return typeof key === "string" ? key : stringifyJson(storable(key));
}

/** @param lineBreak A line break and the indentation of the line that the value starts on. */
function layOut(value: unknown, levels: number, lineBreak: string): string {
  if (levels === 0 || isPlain(value)) return stringifyJson(value);
  const inner = `${lineBreak}  `;
  if (Array.isArray(value)) {
    if (value.every(isPlain)) return stringifyJson(value);
    const items = value.map((item) => `${inner}${layOut(item, levels - 1, inner)}`);
    return `[${items.join()}${lineBreak}]`;
  }
  if (!isObject(value)) return stringifyJson(value);
  const fields = Object.entries(value).flatMap(([name, field]) =>
    field === undefined
      ? []
      : [`${inner}${stringifyJson(name)}: ${layOut(field, levels - 1, inner)}`],
  );
  return fields.length === 0 ? "{}" : `{${fields.join()}${lineBreak}}`;
}

function isPlain(value: unknown): boolean {
  return !Array.isArray(value) && !isObject(value);
}
