/** The flags that say where runs are stored. */

import type { Command } from "commander";
import { InvalidOptions } from "../invalid-options.ts";
import type { TestOptions } from "../run/test-options.ts";
import { type RunDescription, RunStore, StoreError } from "../store/run-store.ts";
import { toArgv } from "./argv.ts";
import { shellCommand } from "./shell.ts";

export interface StoreFlags {
  readonly store: string | false;
}

export function addStoreFlags(command: Command): Command {
  return command
    .option("--store <dir>", "where to keep what each run leaves: results, history, logs", "store")
    .option("--no-store", "keep nothing");
}

/** A program as `vortex test` runs it. */
export interface ProgramCommand {
  /** Absolute path. */
  readonly bin: string;
  readonly args: readonly string[];
  /** Whether a bad line ends the test. */
  readonly isStrict?: boolean;
}

/**
 * Makes the place for what a run leaves, if it is to leave anything.
 *
 * @param onProblem Called when something cannot be stored: the run goes on without it.
 * @throws {InvalidOptions} when that is not possible.
 */
export function openStore(
  { store }: StoreFlags,
  { bin, args, isStrict = false }: ProgramCommand,
  options: TestOptions,
  onProblem: (text: string) => void,
): RunStore | undefined {
  if (store === false) return undefined;
  const argv = ["vortex", "test", "--bin", bin, ...toArgv(options)];
  if (isStrict) argv.push("--strict-stdout");
  if (args.length > 0) argv.push("--", ...args);
  return openStoreOf(store, { command: shellCommand(argv), bin, args, options }, onProblem);
}

/**
 * Makes the place for what a run leaves.
 *
 * @throws {InvalidOptions} when that is not possible.
 */
export function openStoreOf(
  root: string,
  run: RunDescription,
  onProblem: (text: string) => void,
  advice = "--store DIR keeps them elsewhere, --no-store nowhere",
): RunStore {
  try {
    return new RunStore({
      root,
      run,
      onProblem: ({ message }) => onProblem(message),
      onRemark: onProblem,
    });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new InvalidOptions(`${error.message}; ${advice}`);
  }
}
