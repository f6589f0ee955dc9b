/** Errors of the file system, as errors of a node's storage. */
import { errorText } from "./error-text.ts";
import { StorageError } from "./storage-error.ts";

/** The codes of a full disk, an exhausted quota, and a file that is as long as it may be. */
const FULL_CODES: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Runs a task on a file or directory. */
export function onFile<T>(verb: string, path: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    throw fileError(verb, path, error);
  }
}

/** Returns the error of a task on a file or directory: `full` or `failed`. */
export function fileError(verb: string, path: string, error: unknown): StorageError {
  const kind = FULL_CODES.has(codeOf(error)) ? "full" : "failed";
  return new StorageError(kind, `Cannot ${verb} ${path}: ${errorText(error)}`, { cause: error });
}

/** Returns the system's code of an error, such as `"ENOENT"`; `""` if it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
