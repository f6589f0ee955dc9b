/** The flag that runs a real Maelstrom beside the workbench. */
import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { type Comparable, MAELSTROM_RECOVERY_S } from "../maelstrom/maelstrom.ts";
import { type MaelstromRun, runMaelstrom } from "../maelstrom/run-maelstrom.ts";
import { executable } from "./executable.ts";
import { shellCommand } from "./shell.ts";
import type { StoreFlags } from "./store-flags.ts";

export interface MaelstromFlags {
  readonly maelstrom?: string;
}

export function addMaelstromFlag(command: Command): Command {
  return command.option(
    "--maelstrom <path>",
    "run a real Maelstrom on the same program as well, and show both results side by side",
  );
}

/**
 * The absolute path of Maelstrom's command: itself, or in its directory.
 *
 * @throws {InvalidOptions} when it is not there.
 */
export function maelstromCommand({ maelstrom }: MaelstromFlags): string | undefined {
  if (maelstrom === undefined) return undefined;
  const isDirectory = statSync(resolve(maelstrom), { throwIfNoEntry: false })?.isDirectory();
  return executable(isDirectory ? join(maelstrom, "maelstrom") : maelstrom, {
    flag: "--maelstrom",
    hint: "its releases, on GitHub, have it in their top directory",
  });
}

type Run = Pick<MaelstromRun, "command" | "bin" | "args" | "options" | "signal">;

/**
 * Runs the test again, on Maelstrom, and remarks on what differs and what goes wrong.
 *
 * @throws {InvalidOptions} when Maelstrom has no such test.
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
      onRemark(`Maelstrom runs the same in ${directory}:\n  ${shellCommand(argv)}`);
      const { recoveryS } = run.options;
      if (recoveryS !== MAELSTROM_RECOVERY_S) {
        onRemark(`Its recovery takes ${MAELSTROM_RECOVERY_S} s, not ${recoveryS}`);
      }
    },
    onProblem: onRemark,
  });
}
