/** The files of a guided search that a task reads and makes, by paths in the directory of the search. */
import type { Task } from "../sweep/task.ts";

/** Files that a worker must have for a task, if they exist. */
export function filesReadBy({ base, name, hasFailed }: Task): readonly string[] {
  if (base !== undefined) return [`runs/${base}.json`];
  return hasFailed ? [`failures/${name}.decisions.json`] : [];
}

/** Files that a task may have made. */
export function filesMadeBy({ name, hasFailed }: Task): readonly string[] {
  if (name === undefined || hasFailed) return [];
  return [`runs/${name}.json`, `failures/${name}.decisions.json`];
}

/** The directory of a guided search on the tester's machine. */
export interface CorpusFiles {
  /** Those that exist. */
  readonly paths: readonly string[];
  read(path: string): Uint8Array;
  write(path: string, bytes: Uint8Array): void;
}
