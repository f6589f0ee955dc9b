/** Converts options back to command-line arguments, to repeat a run from the working directory. */
import { relative, sep } from "node:path";
import * as run from "../run/argv.ts";
import type { TestOptions } from "../run/test-options.ts";

/** Returns the flags that give these options. Omits defaults. */
export function toArgv(options: TestOptions): string[] {
  return run.toArgv(options, workloadWord(options));
}

/** The word that names the workload. */
export function workloadWord({ workload, workloadFile }: TestOptions): string {
  return workloadFile === undefined ? workload : relativePath(workloadFile);
}

/** A path as a person would type it in the working directory. */
function relativePath(path: string): string {
  const typed = relative(process.cwd(), path);
  const short = typed.startsWith(`..${sep}`) ? typed : `.${sep}${typed}`;
  return short.length < path.length ? short : path;
}
