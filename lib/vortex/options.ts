/**
 * The options of a program: words of a command line, judged by a valibot schema.
 *
 * `flushMs` in the schema is `--flush-ms 400` or `--flush-ms=400` among the words; a boolean is
 * `--durable`, `--no-durable` or `--durable=false`.
 */
import * as v from "valibot";
import { describeIssues } from "../protocol/describe-issues.ts";
import { shorten } from "../protocol/shorten.ts";

/** Names and kinds of a program's options; each entry should have a default. */
export type OptionsSchema<Options = unknown> = v.ObjectSchema<v.ObjectEntries, undefined> &
  v.GenericSchema<unknown, Options>;

/** The schema of a program that takes none. */
export const NO_OPTIONS = v.object({});

export type ParsedOptions<Options> =
  | { readonly ok: true; readonly options: Options; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads a program's options from the words of its command line.
 *
 * A word that names no option is left out with a warning: testers pass words through that were
 * never meant for the program. A bad value of an option that exists is an error.
 */
export function parseOptions<Options>(
  schema: OptionsSchema<Options>,
  words: readonly string[],
): ParsedOptions<Options> {
  const kinds = new Map(
    Object.entries(schema.entries).map(([name, entry]) => [flagOf(name), { name, entry }]),
  );
  const values: Record<string, unknown> = {};
  const warnings: string[] = [];

  const remaining = [...words];
  for (let word = remaining.shift(); word !== undefined; word = remaining.shift()) {
    const { flag, attached } = splitWord(word);
    const negated = flag.startsWith("--no-") ? kinds.get(`--${flag.slice(5)}`) : undefined;
    const option = kinds.get(flag);
    if (option !== undefined && isBoolean(option.entry)) {
      values[option.name] = attached === undefined ? true : readBoolean(attached);
    } else if (option !== undefined) {
      const text = attached ?? remaining.shift();
      if (text === undefined) return { ok: false, reason: `${flag} needs a value after it` };
      values[option.name] = isNumber(option.entry) ? readNumber(text) : text;
    } else if (negated !== undefined && isBoolean(negated.entry) && attached === undefined) {
      values[negated.name] = false;
    } else {
      warnings.push(`Ignoring "${shorten(word)}": ${listOf([...kinds.keys()])}`);
    }
  }

  const result = v.safeParse(schema, values);
  if (result.success) return { ok: true, options: result.output, warnings };
  const reasons = result.issues.map((issue) => {
    const name = String(issue.path?.[0]?.key);
    const { path: _, ...pathless } = issue;
    return `${flagOf(name)}: ${describeIssues([pathless])}`;
  });
  return { ok: false, reason: reasons.join("; ") };
}

function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function splitWord(word: string): { flag: string; attached?: string } {
  const at = word.indexOf("=");
  return at < 0 ? { flag: word } : { flag: word.slice(0, at), attached: word.slice(at + 1) };
}

function listOf(flags: readonly string[]): string {
  if (flags.length === 0) return "this program has no options";
  return `the options are ${flags.join(", ")}`;
}

/** The schema inside `v.optional(...)` and the like. */
function innermost(entry: unknown): v.GenericSchema {
  let schema = entry as v.GenericSchema & { readonly wrapped?: v.GenericSchema };
  while (schema.wrapped !== undefined) schema = schema.wrapped;
  return schema;
}

function isBoolean(entry: unknown): boolean {
  return innermost(entry).type === "boolean";
}

function isNumber(entry: unknown): boolean {
  return innermost(entry).type === "number";
}

// A text that is no number, or neither true nor false, stays as it is for the schema to refuse; so
// does a number beyond those of JavaScript, which would become Infinity.
function readNumber(text: string): unknown {
  const isNumber = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text);
  return isNumber && Number.isFinite(Number(text)) ? Number(text) : text;
}

function readBoolean(text: string): unknown {
  return text === "true" ? true : text === "false" ? false : text;
}
