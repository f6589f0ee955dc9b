/** Values of programs in a line of text. */
import type { Shown, ShownContainer } from "../../engine/protocol.ts";

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
