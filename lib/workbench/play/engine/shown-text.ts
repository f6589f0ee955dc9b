/** Values of programs in a line of text. */
import type { Shown, ShownContainer } from "./protocol.ts";

/** Longest container that is shown within a line, in entries. */
const MAX_INLINE = 8;

export function isContainer(value: Shown | undefined): value is ShownContainer {
  return typeof value === "object" && value !== null && "entries" in value;
}

/** Whether a container fits in a line. */
export function isShort({ size, entries }: ShownContainer): boolean {
  return size <= MAX_INLINE && entries.every(([, value]) => !isContainer(value));
}

/** Formats a value in a line: `[1, 2]`, `{ n0: 3 }`, `Set {5}`. */
export function textOf(value: Shown): string {
  if (!isContainer(value)) {
    if (typeof value === "object" && value !== null) return value.text;
    return JSON.stringify(value);
  }
  const { kind, entries } = value;
  const items = entries.map(([, item]) => textOf(item));
  if (kind === "Array") return `[${items.join(", ")}]`;
  const prefix = kind === "Object" ? "" : `${kind} `;
  if (kind === "Set") return `${prefix}{${items.join(", ")}}`;
  const pairs = entries.map(([key], index) => `${key}: ${items[index]}`);
  return pairs.length === 0 ? `${prefix}{}` : `${prefix}{ ${pairs.join(", ")} }`;
}

/** Longest text beside a node. */
const MAX_BRIEF_LENGTH = 12;

/** A value in a few letters: `{7}`, `[1, 2]`, `12 entries`; of an object, its first entry. */
export function briefOf(value: Shown): string {
  if (!isContainer(value)) {
    const text = textOf(value);
    return text.length <= MAX_BRIEF_LENGTH ? text : `${text.slice(0, MAX_BRIEF_LENGTH - 1)}…`;
  }
  const { kind, size, entries } = value;
  const isList = kind === "Array" || kind === "Set" || kind === "Map";
  const [first] = entries;
  if (!isList && first !== undefined) return briefOf(first[1]);
  const text = textOf(value).replace(/^(Set|Map) /, "");
  if (text.length <= MAX_BRIEF_LENGTH) return text;
  return size === 1 ? "1 entry" : `${size} entries`;
}
