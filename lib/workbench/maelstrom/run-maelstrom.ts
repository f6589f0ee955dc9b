/** Runs a real Maelstrom, where somebody has installed one. */
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { shellCommand } from "../cli/shell.ts";
import type { ProgramCommand, StoreFlags } from "../cli/store-flags.ts";
import { executable } from "../cli/test-flags.ts";
import type { TestOptions } from "../run/test-options.ts";
import {
  type Comparable,
  MAELSTROM_RECOVERY_S,
  maelstromWords,
  readMaelstromResults,
} from "./maelstrom.ts";

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
 * @throws {BadArguments} when it is not there.
 */
export function maelstromCommand({ maelstrom }: MaelstromFlags): string | undefined {
  if (maelstrom === undefined) return undefined;
  const isDirectory = statSync(resolve(maelstrom), { throwIfNoEntry: false })?.isDirectory();
  return executable(isDirectory ? join(maelstrom, "maelstrom") : maelstrom, {
    flag: "--maelstrom",
    hint: "its releases, on GitHub, have it in their top directory",
  });
}

export interface MaelstromRun {
  /** Absolute path of Maelstrom's command. */
  readonly command: string;
  readonly program: ProgramCommand;
  readonly options: TestOptions;
  readonly store: StoreFlags["store"];
  readonly signal: AbortSignal;
  readonly onRemark: (text: string) => void;
}

/** How many of its last lines are shown when it crashed. */
const SHOWN_LINES = 20;

/**
 * Runs the test once more, by Maelstrom. Nothing is returned when it leaves no results that can be
 * read: what is wrong is told.
 *
 * @throws {InvalidOptions} when it has no such test.
 */
export async function runMaelstrom(run: MaelstromRun): Promise<Comparable | undefined> {
  const { command, program, options, signal, onRemark } = run;
  const words = maelstromWords(options, program.bin, program.args);
  const directory = newDirectory(run.store);
  onRemark(`Maelstrom runs the same in ${directory}:\n  ${shellCommand([command, ...words])}`);
  if (options.recoveryS !== MAELSTROM_RECOVERY_S) {
    onRemark(`Its recovery takes ${MAELSTROM_RECOVERY_S} s, not ${options.recoveryS}`);
  }
  const log = join(directory, "output.log");
  const exitCode = await runInGroup([command, ...words], directory, log, signal);
  const file = join(directory, "store/latest/results.edn");
  if (!existsSync(file)) {
    const lines = readFileSync(log, "utf8").trimEnd().split("\n").slice(-SHOWN_LINES);
    onRemark(
      `Maelstrom left no results, exit status ${exitCode}; all that it printed is in ${log}:\n${lines.join("\n")}`,
    );
    return undefined;
  }
  try {
    return readMaelstromResults(readFileSync(file, "utf8"));
  } catch (error) {
    onRemark(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/** A new directory: Maelstrom stores its runs in the one that it is started in. */
function newDirectory(store: StoreFlags["store"]): string {
  const root = store === false ? tmpdir() : resolve(store);
  mkdirSync(root, { recursive: true });
  return mkdtempSync(join(root, "maelstrom-"));
}

/** Runs a command to its end, and with it, if it is to end early, whatever it has started. */
async function runInGroup(
  words: readonly string[],
  cwd: string,
  log: string,
  signal: AbortSignal,
): Promise<number> {
  signal.throwIfAborted();
  const output = openSync(log, "w");
  const child = Bun.spawn([...words], {
    cwd,
    stdin: "ignore",
    stdout: output,
    stderr: output,
    detached: true,
  });
  const kill = () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // ESRCH: the whole group has ended already.
    }
  };
  signal.addEventListener("abort", kill, { once: true });
  process.on("exit", kill);
  try {
    const exitCode = await child.exited;
    signal.throwIfAborted();
    return exitCode;
  } finally {
    signal.removeEventListener("abort", kill);
    process.off("exit", kill);
    kill();
  }
}
