import * as v from "valibot";
import { describeIssues } from "../protocol/describe-issues.ts";
import { safeParse } from "../protocol/fast-parse.ts";
import { errorText } from "../vortex/error-text.ts";
import { isRpcError, RpcError, type Schema } from "../vortex/index.ts";

/**
 * A deterministic state machine, which every node runs: the same commands in the same order make the
 * same state and the same results.
 *
 * So it must not use clocks, randomness or anything outside its state. A command that fails throws an
 * `RpcError`, and must not have changed the state then.
 */
export interface Machine<S extends Schema = Schema, Result = unknown> {
  /** The commands. They are sent and stored as JSON, and parsed before they are executed. */
  readonly command: S;
  /**
   * Executes a command; returns its result, which JSON must hold.
   *
   * @throws {RpcError} the error to reply with; a definite one, as the command has had no effect.
   */
  apply(command: v.InferOutput<S>): Result;
  /**
   * Returns the result of a command that would not change the state as it is, such as a read, or throws
   * its error, as a compare-and-set that does not match; returns `undefined` for one that would change
   * it. Such commands need no entry in the log. Without this function, all commands have one.
   */
  query?(command: v.InferOutput<S>): Result | undefined;
  /** Returns the whole state, which JSON must hold. */
  snapshot(): unknown;
  /** Replaces the whole state by one that {@link Machine.snapshot} has returned. */
  restore(snapshot: unknown): void;
}

/** The result of a command, as nodes send it. */
export const Outcome = v.union([
  v.object({ result: v.unknown() }),
  v.object({ error: v.object({ code: v.pipe(v.number(), v.integer()), text: v.string() }) }),
]);
export type Outcome = v.InferOutput<typeof Outcome>;

/** Executes a command; what is thrown becomes part of the outcome. */
export function apply(machine: Machine, command: unknown): Outcome {
  return outcomeOf(() => ({ result: machine.apply(parse(machine, command)) }));
}

/** Returns the outcome of a command that would not change the state, else `undefined`. */
export function query(machine: Machine, command: unknown): Outcome | undefined {
  return outcomeOf(() => {
    const result = machine.query?.(parse(machine, command));
    return result === undefined ? undefined : { result };
  });
}

/** Makes an error of an outcome. */
export function failure(error: RpcError): Outcome {
  return { error: { code: error.code, text: error.message } };
}

function outcomeOf<T>(execute: () => T): T | Outcome {
  try {
    return execute();
  } catch (error) {
    if (isRpcError(error)) return failure(error);
    return failure(new RpcError("crash", errorText(error), { cause: error }));
  }
}

/**
 * The parsed form of commands. A leader looks at a command three times: to see whether it needs an
 * entry, to answer it, to apply it.
 */
const parsedCommands = new WeakMap<
  object,
  { readonly machine: Machine; readonly output: unknown }
>();

function parse(machine: Machine, command: unknown): unknown {
  const isObject = typeof command === "object" && command !== null;
  const known = isObject ? parsedCommands.get(command) : undefined;
  if (known?.machine === machine) return known.output;
  const parsed = safeParse(machine.command, command);
  if (parsed.success) {
    if (isObject) parsedCommands.set(command, { machine, output: parsed.output });
    return parsed.output;
  }
  throw new RpcError("malformed-request", `Malformed command: ${describeIssues(parsed.issues)}`);
}
