/** Decisions as words of a command: a file, or JSON. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { parseJson, stringifyJson } from "../../vortex/index.ts";
import { type Decisions, parseDecisions } from "../decisions.ts";
import { InvalidOptions } from "../invalid-options.ts";

/** Maximum length of decisions within a command. */
const MAX_INLINE_LENGTH = 300;

/**
 * Reads decisions from JSON, which begins with a brace, or from a file.
 *
 * @throws {InvalidOptions} when they cannot be read.
 */
export function readDecisions(word: string): Decisions {
  const isInline = word.trimStart().startsWith("{");
  const what = isInline ? "--decisions" : `--decisions ${word}`;
  try {
    return parseDecisions(parseJson(isInline ? word : readFileSync(word, "utf8")));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = isInline ? "" : ". --write-decisions writes such a file";
    throw new InvalidOptions(`${what} cannot be replayed: ${reason}${hint}`);
  }
}

/** @throws {InvalidOptions} when the file cannot be written. */
export function writeDecisions(file: string, decisions: Decisions): void {
  try {
    writeFileSync(file, `${stringifyJson(decisions)}\n`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidOptions(`Cannot write --write-decisions ${file}: ${reason}`);
  }
}

/**
 * Returns the word for decisions in a command: JSON if they are few, otherwise a file, which it writes.
 *
 * @param store Directory of the file.
 * @param program File of the program, whose name the file gets.
 */
export function decisionsWord(decisions: Decisions, store: string, program: string): string {
  const json = stringifyJson(decisions);
  if (json.length <= MAX_INLINE_LENGTH) return json;
  const name = basename(program, extname(program));
  const file = join(store, `${name}-${Bun.hash(json).toString(36)}.decisions.json`);
  mkdirSync(store, { recursive: true });
  writeDecisions(file, decisions);
  return file;
}
