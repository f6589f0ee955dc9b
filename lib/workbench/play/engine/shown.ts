/** Copies values of programs for a tree: whatever they are, within bounds. */
import type { Shown } from "./protocol.ts";

const MAX_DEPTH = 8;
/** Of a container. */
const MAX_ENTRIES = 200;
/** Of a whole value. */
const MAX_VALUES = 3000;
const MAX_TEXT_LENGTH = 300;

/** Copies a value as a tree shows it. Never throws. */
export function shown(value: unknown): Shown {
  return new Copy().of(value, 0);
}

class Copy {
  #valueCount = 0;
  /** The containers that hold the present value. */
  readonly #holders: object[] = [];

  of(value: unknown, depth: number): Shown {
    this.#valueCount++;
    switch (typeof value) {
      case "string":
        return short(value);
      case "number":
        return Number.isFinite(value) && !Object.is(value, -0) ? value : { text: textOf(value) };
      case "boolean":
        return value;
      case "object":
        if (value === null) return null;
        return this.#container(value, depth);
      default:
        return { text: short(textOf(value)) };
    }
  }

  #container(value: object, depth: number): Shown {
    if (this.#holders.includes(value)) return { text: "(itself)" };
    if (depth >= MAX_DEPTH) return { text: "…" };
    this.#holders.push(value);
    try {
      const { kind, size, entries } = contentsOf(value);
      const copied: (readonly [string, Shown])[] = [];
      for (const [key, item] of entries) {
        if (copied.length === MAX_ENTRIES || this.#valueCount >= MAX_VALUES) break;
        copied.push([short(key), this.of(item, depth + 1)]);
      }
      return { kind: short(kind), size, entries: copied };
    } catch (error) {
      return { text: short(`(it cannot be shown: ${textOf(error)})`) };
    } finally {
      this.#holders.pop();
    }
  }
}

interface Contents {
  readonly kind: string;
  readonly size: number;
  readonly entries: Iterable<readonly [string, unknown]>;
}

/** Lists what a value holds. A getter of the program may throw. */
function contentsOf(value: object): Contents {
  if (value instanceof Map) {
    return { kind: "Map", size: value.size, entries: keyed(value) };
  }
  if (value instanceof Set || Array.isArray(value) || ArrayBuffer.isView(value)) {
    const items = value instanceof DataView ? [] : Array.from(value as Iterable<unknown>); // Else iterable.
    return { kind: nameOf(value), size: items.length, entries: numbered(items) };
  }
  if (value instanceof Error) {
    return { kind: textOf(value), size: 0, entries: [] };
  }
  const entries = Object.entries(value);
  return { kind: nameOf(value), size: entries.length, entries };
}

function* keyed(map: ReadonlyMap<unknown, unknown>): Iterable<readonly [string, unknown]> {
  for (const [key, value] of map) {
    yield [typeof key === "object" ? JSON.stringify(shown(key)) : textOf(key), value];
  }
}

function* numbered(items: readonly unknown[]): Iterable<readonly [string, unknown]> {
  for (const [index, item] of items.entries()) yield [String(index), item];
}

function nameOf(value: object): string {
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "" ? name : "Object";
}

/** Never throws, as `String` does for an object without a prototype. */
function textOf(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `function ${value.name}`;
  if (Object.is(value, -0)) return "-0";
  try {
    return String(value);
  } catch {
    return "(no text)";
  }
}

function short(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH - 1)}…`;
}
