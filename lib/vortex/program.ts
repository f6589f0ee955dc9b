import * as v from "valibot";
import { describeIssues } from "../protocol/describe-issues.ts";
import { takeDataFlag } from "./data-flag.ts";
import type { KVNode } from "./kv-node.ts";
import { NO_OPTIONS, type OptionsSchema, parseOptions } from "./options.ts";

/**
 * A program: registers handlers, starts timers, and returns.
 *
 * It runs when `init` arrives, before `init_ok` leaves, so the node has its name and its peers. Keep
 * all state inside the function: a simulation runs many nodes in one process. If it throws, the reply
 * to `init` is the error `crash` (13).
 *
 * {@link withOptions} makes a program with options.
 */
export interface Program<S extends OptionsSchema = OptionsSchema> {
  (node: KVNode, options: v.InferOutput<S>): void | Promise<void>;
  /** Parses the program's options. */
  readonly options?: S;
}

/** A program with options, made by {@link withOptions}. */
export interface ProgramWithOptions<S extends OptionsSchema> extends Program<S> {
  readonly options: S;
}

/** A program whose options are known only at run time, from its schema. */
export type AnyProgram = ((node: KVNode, options: never) => void | Promise<void>) & {
  readonly options?: OptionsSchema;
};

/**
 * Gives a program options, which come from the command line of a process or from a test.
 *
 * @param schema The options; each should have a default. `flushMs` is `--flush-ms 400` on the command
 *   line. `data` is not allowed: `--data DIR` is the directory of {@link Node.storage}.
 *
 * @example
 * const Options = v.object({ flushMs: v.optional(v.number(), 400) });
 *
 * export const broadcast = withOptions(Options, (node, { flushMs }) => {
 *   node.every(flushMs, () => flush());
 * });
 */
export function withOptions<S extends OptionsSchema>(
  schema: S,
  program: (node: KVNode, options: v.InferOutput<S>) => void | Promise<void>,
): ProgramWithOptions<S> {
  if (Object.hasOwn(schema.entries, "data")) {
    throw new Error('Cannot have an option "data": every program has --data DIR for its storage');
  }
  const run = (node: KVNode, options: v.InferOutput<S>) => program(node, options);
  return Object.assign(run, { options: schema });
}

/** A program bound to its options. */
export type BoundProgram = (node: KVNode) => void | Promise<void>;

export type BoundArguments =
  | {
      readonly ok: true;
      readonly program: BoundProgram;
      readonly warnings: readonly string[];
      /** The directory of `--data`, if it is given. */
      readonly dataDirectory: string | undefined;
    }
  | { readonly ok: false; readonly reason: string };

/** Binds a program to the options of a command line. */
export function bindArguments(program: AnyProgram, args: readonly string[]): BoundArguments {
  const data = takeDataFlag(args);
  if (!data.ok) return data;
  const { args: optionArgs, directory: dataDirectory } = data;
  // Most processes: they start faster without a schema.
  if (program.options === undefined && optionArgs.length === 0) {
    return { ok: true, program: bind(program, {}), warnings: [], dataDirectory };
  }
  const parsed = parseOptions(program.options ?? NO_OPTIONS, optionArgs);
  if (!parsed.ok) return parsed;
  const { options, warnings } = parsed;
  return { ok: true, program: bind(program, options), warnings, dataDirectory };
}

/**
 * Binds a program to the given options; options left out have their defaults.
 *
 * @throws {Error} when the options do not fit the program's schema; names the option.
 */
export function bindOptions(program: AnyProgram, options: unknown = {}): BoundProgram {
  const result = v.safeParse(program.options ?? NO_OPTIONS, options);
  if (result.success) return bind(program, result.output);
  throw new Error(`Invalid options of the program: ${describeIssues(result.issues)}`);
}

function bind(program: AnyProgram, options: unknown): BoundProgram {
  // The program's own schema has parsed them.
  return (node) => program(node, options as never);
}
