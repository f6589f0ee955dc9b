/** Text that is safe to print, whatever nodes have put into it. */
import pc from "picocolors";

/** Escapes control characters: a node must not control the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are to be found
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, escaped);
}

function escaped(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** Formats the fields of a verdict. */
export function inspect(fields: unknown): string {
  const text = Bun.inspect(fields, { depth: 8, colors: pc.isColorSupported });
  // `Bun.inspect` escapes the other control characters, except in its own colours.
  return text.replace(/[\u007f-\u009f]/g, escaped);
}
