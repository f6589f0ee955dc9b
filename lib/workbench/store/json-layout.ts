/** JSON laid out for readers. */
import { stringifyJson } from "../../vortex/index.ts";
import { isObject } from "../../protocol/message.ts";

const MAX_LEVELS = 5;

/**
 * JSON text over several lines: an entry on each down to the fifth level, where a result has single
 * operations. What lies deeper, and lists of nothing but plain values, take one line; so however
 * deep a node has nested a value, the text is not much longer than the value.
 *
 * @throws {RangeError | TypeError} as `stringifyJson` does.
 */
export function layOutJson(value: unknown): string {
  return layOut(value, MAX_LEVELS, "\n");
}

/** @param lineBreak A line break and the indentation of the line that the value begins on. */
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
