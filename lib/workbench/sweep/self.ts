/** Starts more processes of this command, or of its Bun. */
import { dirname } from "node:path";

// The entry file of a compiled executable is in a virtual file system.
const isCompiled = /[/\\](\$bunfs|~BUN)[/\\]/.test(Bun.main);

/** Returns the arguments that start this command again. */
export function selfCommand(): readonly string[] {
  return isCompiled ? [process.execPath] : [process.execPath, Bun.main];
}

/** Returns the directory of this executable, or `undefined` when run from source. */
export function selfDirectory(): string | undefined {
  return isCompiled ? dirname(process.execPath) : undefined;
}

/** Whether this executable runs as Bun if its environment has `BUN_BE_BUN=1`. */
export const containsBun: boolean = isCompiled;

/** Returns the command of the Bun that runs this command. */
export function bunCommand(args: readonly string[]) {
  const env = containsBun ? { ...process.env, BUN_BE_BUN: "1" } : process.env;
  return { argv: [process.execPath, ...args], env };
}
