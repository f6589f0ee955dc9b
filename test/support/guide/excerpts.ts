/** Reads commands of pages and excerpts of what they print. */
import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { marked, type Token, type Tokens } from "marked";

export function tokensOf(page: string): readonly Token[] {
  return marked.lexer(readFileSync(page, "utf8"));
}

export function isCode(token: Token): token is Tokens.Code {
  return token.type === "code";
}

/** The commands of `vortex sim` in a shell block, each on one line. */
export function simCommandsIn(text: string): string[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.replaceAll(/\s+/g, " "))
    .filter((line) => line.startsWith("vortex sim "));
}

/** The place of an excerpt, in lines of the output. */
export interface Place {
  readonly from: number;
  /** The line after its last one. */
  readonly to: number;
  /** Whether it ends with a line `...`. */
  readonly isOpen: boolean;
}

/**
 * Finds an excerpt: each part between lines `...` is whole, and in this order. A line that ends with
 * ` ...` may go on.
 */
export function expectExcerpt(printed: readonly string[], shown: string, after = 0): Place {
  const parts = shown.split(/^\.\.\.$/m).map((part) => part.trim().split("\n").map(trimmed));
  let first: number | undefined;
  let to = after;
  for (const part of parts) {
    if (part.join("") === "") continue;
    const at = printed.findIndex(
      (_, start) =>
        start >= to && part.every((line, offset) => isShown(line, printed[start + offset] ?? "")),
    );
    if (at < 0) expect(printed.slice(to).join("\n")).toContain(part.join("\n"));
    first ??= at;
    to = at + part.length;
  }
  return { from: first ?? after, to, isOpen: parts.at(-1)?.join("") === "" };
}

/** Splits an output into lines, as {@link expectExcerpt} reads them. */
export function linesOf(printed: string): string[] {
  return printed.trim().split("\n").map(trimmed);
}

function isShown(shown: string, printed: string): boolean {
  return shown.endsWith(" ...") ? printed.startsWith(shown.slice(0, -3)) : printed === shown;
}

function trimmed(line: string): string {
  return line.trim().replaceAll(/\s+/g, " ");
}
