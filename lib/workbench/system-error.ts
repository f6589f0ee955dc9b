/** Says what the system refused, and what to do about it. */
import { accessSync, constants, statSync } from "node:fs";

/** Advice on refusals that have nothing to do with the file that was asked for. */
const RESOURCES: Readonly<Record<string, string>> = {
  EMFILE:
    "this process has too many open files. Raise the limit, as in ulimit -n 65536, or use fewer nodes",
  ENFILE: "the system has too many open files. Raise fs.file-max, or end other programs",
  EAGAIN:
    "the system refuses another process. Raise the limit, as in ulimit -u 8192, or use fewer nodes",
  ENOMEM: "the system has too little memory for another process. Use fewer nodes",
  ENOSPC: "the disk is full, or has no free inodes. Free some space",
  EDQUOT: "the disk quota is used up. Free some space",
};

/** Returns the code of a system error, such as `ENOENT`, or `undefined` if it is another error. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = "code" in error && typeof error.code === "string" ? error.code : error.message;
  return /^E[A-Z0-9]+\b/.exec(code)?.[0];
}

/** Returns the advice on a refusal for lack of resources, or `undefined` if it is another error. */
export function describeResourceError(error: unknown): string | undefined {
  return RESOURCES[systemErrorCode(error) ?? ""];
}

/**
 * Explains why a file or directory could not be written.
 *
 * @param setting Name of the flag or environment variable that chose it.
 */
export function describeFileError(path: string, error: unknown, setting: string): string {
  return `Cannot use ${path}: ${reasonOfFileError(error)}. Set ${setting} to a directory that can be written`;
}

/** Explains a refusal to create or enter a directory, without its path. */
function reasonOfFileError(error: unknown): string {
  const resource = describeResourceError(error);
  if (resource !== undefined) return resource;
  switch (systemErrorCode(error)) {
    case "ENOENT":
      return "it does not exist";
    case "ENOTDIR":
      return "it, or a part of its path, is not a directory";
    case "EEXIST":
      return "a file has its name";
    case "EACCES":
    case "EPERM":
      return "this user has no permission";
    case "EROFS":
      return "its file system is read-only";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/** Explains why the directory cannot be the working directory of a node, if that is so. */
export function problemOfDirectory(directory: string): string | undefined {
  try {
    if (!statSync(directory).isDirectory()) return "it is not a directory";
    accessSync(directory, constants.X_OK);
    return undefined;
  } catch (error) {
    return reasonOfFileError(error);
  }
}
