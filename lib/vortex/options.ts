/**
 * The options of a program: command-line arguments, parsed by a valibot schema.
 *
 * `flushMs` in the schema is `--flush-ms 400` or `--flush-ms=400` on the command line; a boolean is
 * `--durable`, `--no-durable` or `--durable=false`.
 */
import * as v from "valibot";
import { describeIssues } from "../protocol/describe-issues.ts";
import { shorten } from "../protocol/shorten.ts";

/** The schema of a program's options; each entry should have a default. */
export type OptionsSchema<Options = unknown> = v.ObjectSchema<v.ObjectEntries, undefined> &
  v.GenericSchema<unknown, Options>;

/** The schema of a program without options. */
export const NO_OPTIONS = v.object({});

export type ParsedOptions<Options> =
  | { readonly ok: true; readonly options: Options; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/**
 * Parses a program's options from its command-line arguments.
 *
 * An argument that is not an option is ignored with a warning, because testers pass on arguments that
 * are not for the program. An invalid value of a known option is an error.
 */
export function parseOptions<Options>(
  schema: OptionsSchema<Options>,
  args: readonly string[],
): ParsedOptions<Options> {
  const kinds = new Map(
    Object.entries(schema.entries).map(([name, entry]) => [flagOf(name), { name, entry }]),
  );
  const values: Record<string, unknown> = {};
  const warnings: string[] = [];

  const remaining = [...args];
  for (let arg = remaining.shift(); arg !== undefined; arg = remaining.shift()) {
    const { flag, attached } = splitArgument(arg);
    const negated = flag.startsWith("--no-") ? kinds.get(`--${flag.slice(5)}`) : undefined;
    const option = kinds.get(flag);
    if (option !== undefined && isBoolean(option.entry)) {
      values[option.name] = attached === undefined ? true : readBoolean(attached);
    } else if (option !== undefined) {
      const text = attached ?? remaining.shift();
      if (text === undefined) return { ok: false, reason: `${flag} needs a value` };
      values[option.name] = isNumber(option.entry) ? readNumber(text) : text;
    } else if (negated !== undefined && isBoolean(negated.entry) && attached === undefined) {
      values[negated.name] = false;
    } else {
      warnings.push(`Ignoring "${shorten(arg)}": ${listOf([...kinds.keys()])}`);
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

function splitArgument(arg: string): { flag: string; attached?: string } {
  const at = arg.indexOf("=");
  return at < 0 ? { flag: arg } : { flag: arg.slice(0, at), attached: arg.slice(at + 1) };
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

// A text that is not a number, or not a boolean, is passed on for the schema to refuse; so is a number
// out of range, which would become Infinity.
function readNumber(text: string): unknown {
  const isNumber = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text);
  return isNumber && Number.isFinite(Number(text)) ? Number(text) : text;
}

function readBoolean(text: string): unknown {
  return text === "true" ? true : text === "false" ? false : text;
}
