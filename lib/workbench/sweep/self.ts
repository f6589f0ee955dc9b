/** How this command was started. */
import { dirname } from "node:path";

// The entry file of a compiled executable lies in a file system of its own.
const isCompiled = /[/\\](\$bunfs|~BUN)[/\\]/.test(Bun.main);

/** The words that start another one like this. */
export function selfCommand(): readonly string[] {
  return isCompiled ? [process.execPath] : [process.execPath, Bun.main];
}

/** The directory of this executable; `undefined` when run from source. */
export function selfDirectory(): string | undefined {
  return isCompiled ? dirname(process.execPath) : undefined;
}

/** The command of the Bun that this one runs on: a compiled executable has it within. */
export function bunCommand(args: readonly string[]) {
  const env = isCompiled ? { ...process.env, BUN_BE_BUN: "1" } : process.env;
  return { argv: [process.execPath, ...args], env };
}
