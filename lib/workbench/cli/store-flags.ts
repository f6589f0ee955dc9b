/** The flags that select where runs are stored. */
import type { Command } from "commander";
import { InvalidOptions } from "../invalid-options.ts";
import type { TestOptions } from "../run/test-options.ts";
import { shellCommand } from "../shell.ts";
import { RunStore, type RunStoreOptions, StoreError } from "../store/run-store.ts";
import { systemErrorCode } from "../system-error.ts";
import type { Target } from "../workloads/stage.ts";
import { toArgv } from "./argv.ts";

export interface StoreFlags {
  readonly store: string | false;
}

export function addStoreFlags(command: Command): Command {
  return command
    .option("--store <dir>", "directory of stored runs: results, histories, logs", "store")
    .option("--no-store", "do not store runs");
}

/** A program as `vortex test` runs it. */
export interface ProgramCommand {
  /** Absolute path of the program; on other hosts, its command there. */
  readonly bin: string;
  /** The flags that name it. Defaults to `--bin`. */
  readonly words?: readonly string[];
  readonly args: readonly string[];
  /** Whether an invalid line ends the test. */
  readonly isStrict?: boolean;
  /** Bounds of the test's figures, which its report shows. */
  readonly target?: Target;
}

/**
 * Creates the directory of a run, unless runs are not to be stored.
 *
 * @param onProblem Called when something cannot be stored. The run continues.
 * @throws {InvalidOptions} if the directory cannot be created.
 */
export function openStore(
  { store }: StoreFlags,
  { bin, args, isStrict = false, target, words = ["--bin", bin] }: ProgramCommand,
  options: TestOptions,
  onProblem: (text: string) => void,
): RunStore | undefined {
  if (store === false) return undefined;
  const argv = ["vortex", "test", ...words, ...toArgv(options)];
  if (isStrict) argv.push("--strict-stdout");
  if (args.length > 0) argv.push("--", ...args);
  const run = { command: shellCommand(argv), bin, args, options };
  return openStoreOf(store, target === undefined ? run : { ...run, target }, onProblem);
}

/**
 * Creates the directory of a run.
 *
 * @throws {InvalidOptions} if that fails.
 */
export function openStoreOf(
  root: string,
  run: RunStoreOptions["run"],
  onProblem: (text: string) => void,
  advice = "Choose another directory with --store, or do not store runs with --no-store",
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
    // Another directory does not help against a limit on open files.
    if (["EMFILE", "ENFILE"].includes(systemErrorCode(error.cause) ?? "")) {
      throw new InvalidOptions(error.message);
    }
    throw new InvalidOptions(`${error.message}. ${advice}`);
  }
}
