/** Copies values of programs for a tree: whatever they are, within bounds. */
import type { Shown } from "./protocol.ts";
import { textOf as lineOf } from "./shown-text.ts";

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
        copied.push([this.#keyOf(key, depth), this.of(item, depth + 1)]);
      }
      return { kind: short(kind), size, entries: copied };
    } catch (error) {
      return { text: short(`(it cannot be shown: ${textOf(error)})`) };
    } finally {
      this.#holders.pop();
    }
  }

  /** The key of a map may be a container too, and may hold the map. */
  #keyOf(key: unknown, depth: number): string {
    return short(typeof key === "object" ? lineOf(this.of(key, depth + 1)) : textOf(key));
  }
}

interface Contents {
  readonly kind: string;
  readonly size: number;
  readonly entries: Iterable<readonly [key: unknown, value: unknown]>;
}

/** Lists what a value holds, one by one: it may be large. A getter of the program may throw. */
function contentsOf(value: object): Contents {
  if (value instanceof Map) return { kind: "Map", size: value.size, entries: value };
  if (value instanceof Set) {
    return { kind: nameOf(value), size: value.size, entries: numbered(value) };
  }
  if (Array.isArray(value) || isTypedArray(value)) {
    return { kind: nameOf(value), size: value.length, entries: numbered(value) };
  }
  if (value instanceof Error) {
    return { kind: textOf(value), size: 0, entries: [] };
  }
  const entries = Object.entries(value);
  return { kind: nameOf(value), size: entries.length, entries };
}

/** The other views of buffers are typed arrays. */
function isTypedArray(value: object): value is Uint8Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function* numbered(items: Iterable<unknown>): Iterable<readonly [number, unknown]> {
  let index = 0;
  for (const item of items) yield [index++, item];
}

function nameOf(value: object): string {
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "" ? name : "Object";
}

/** Never throws, as `String` does for an object without a prototype. */
function textOf(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  try {
    if (typeof value === "function") return `function ${String(value.name)}`;
    return String(value);
  } catch {
    return "(no text)";
  }
}

function short(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH - 1)}…`;
}
