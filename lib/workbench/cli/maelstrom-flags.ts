/** The flag that runs the same test on Maelstrom. */
import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { type Comparable, MAELSTROM_RECOVERY_S } from "../maelstrom/maelstrom.ts";
import { type MaelstromRun, runMaelstrom } from "../maelstrom/run-maelstrom.ts";
import { shellCommand } from "../shell.ts";
import { executable } from "./executable.ts";
import type { StoreFlags } from "./store-flags.ts";

export interface MaelstromFlags {
  readonly maelstrom?: string;
}

export function addMaelstromFlag(command: Command): Command {
  return command.option(
    "--maelstrom <path>",
    "also run the test on an installed Maelstrom, and show both results side by side",
  );
}

/**
 * Returns the absolute path of Maelstrom's command, given the command or its directory.
 *
 * @throws {InvalidOptions} if it does not exist.
 */
export function maelstromCommand({ maelstrom }: MaelstromFlags): string | undefined {
  if (maelstrom === undefined) return undefined;
  const isDirectory = statSync(resolve(maelstrom), { throwIfNoEntry: false })?.isDirectory();
  return executable(isDirectory ? join(maelstrom, "maelstrom") : maelstrom, {
    flag: "--maelstrom",
    hint: "A release of Maelstrom has it in its top directory",
  });
}

type Run = Pick<MaelstromRun, "command" | "bin" | "args" | "options" | "signal">;

/**
 * Runs the same test on Maelstrom. Remarks on differences in the options, and on failures.
 *
 * @throws {InvalidOptions} if Maelstrom has no such test.
 */
export function runBesideMaelstrom(
  run: Run,
  { store }: StoreFlags,
  onRemark: (text: string) => void,
): Promise<Comparable | undefined> {
  return runMaelstrom({
    ...run,
    root: store === false ? tmpdir() : resolve(store),
    onStart: ({ argv, directory }) => {
      onRemark(`Running the same test on Maelstrom, in ${directory}:\n  ${shellCommand(argv)}`);
      const { recoveryS } = run.options;
      if (recoveryS !== MAELSTROM_RECOVERY_S) {
        onRemark(`Maelstrom's recovery takes ${MAELSTROM_RECOVERY_S} s, not ${recoveryS} s`);
      }
    },
    onProblem: onRemark,
  });
}
