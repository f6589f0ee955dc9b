/** Makes text from nodes safe to read. */

/** Control characters, invisible characters, and those that reorder the surrounding text. */
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours start with a control character
const ANSI_COLOR = /\u001b\[[0-9;]*m/g;

/** Replaces each invisible or reordering character by its code, such as `\u202e`. */
export function visible(text: string): string {
  return text.replace(
    INVISIBLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Replaces what `visible` does, except tabs and line ends, and removes ANSI colours: for text that is
 * shown with its line breaks.
 */
export function visibleLines(text: string): string {
  return text
    .replace(ANSI_COLOR, "")
    .split(/\r\n|\n/)
    .map((line) => line.split("\t").map(visible).join("\t"))
    .join("\n");
}

/** Removes ANSI colours from a line and makes the rest visible. */
export function visibleLine(text: string): string {
  return text.replace(ANSI_COLOR, "").split("\t").map(visible).join("\t");
}

/** Cuts text to a length, marking the cut with an ellipsis. */
export function truncate(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
}
