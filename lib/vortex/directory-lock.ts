/**
 * A lock on the directory of a node, or of a campaign of simulations.
 *
 * Two processes with one directory, such as nodes of two tests with the same `--data`, would damage
 * each other's files. The lock is a file with the id of its process, because Bun has no `flock`. It
 * detects a mistake, and is not a fence: two processes that find the lock of a dead one in the same
 * instant may both take it.
 */
import { codeOf, fileError, onFile } from "./file-errors.ts";
import { StorageError } from "./storage-error.ts";

/** How long to wait for the process that has the lock, in ms. It may have been killed just now. */
const WAIT_MS = 1000;
const POLL_MS = 5;

/**
 * Locks a directory until this process ends. Does nothing if this process has locked it already.
 *
 * @param flag The flag that names the directory, for the advice when it is in use.
 * @param holders What else may lock it.
 * @throws {StorageError} `in-use` when another process has the lock; `full` or `failed` when it cannot
 *   be written.
 */
export function lockDirectory(directory: string, flag = "--data", holders = "node"): void {
  const fs = process.getBuiltinModule("node:fs");
  const path = `${directory}/lock`;
  const mine = `${process.pid} ${startOf(process.pid)}`;
  const endMs = performance.now() + WAIT_MS;
  for (;;) {
    try {
      fs.writeFileSync(path, mine, { flag: "wx" });
      return;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw fileError("create", path, error);
    }
    const holder = readIfExists(path);
    if (holder === mine) return;
    const isOver = performance.now() > endMs;
    // A lock that is empty for long was created by a process that died before it wrote its id.
    if (holder === undefined || (holder === "" ? isOver : !isRunning(holder))) {
      onFile("remove", path, () => fs.rmSync(path, { force: true }));
    } else if (isOver) {
      const [pid] = holder.split(" ");
      const text = `${directory} is used by process ${pid}: end it, or pass another ${flag} DIR. If that process is no ${holders} of yours, remove ${path}`;
      throw new StorageError("in-use", text);
    } else {
      Bun.sleepSync(POLL_MS);
    }
  }
}

function readIfExists(path: string): string | undefined {
  try {
    return process.getBuiltinModule("node:fs").readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw fileError("read", path, error);
  }
}

/** Whether the process of a lock is running. Another process that has its id since is not it. */
function isRunning(holder: string): boolean {
  const [pid = "", start] = holder.split(" ");
  // A negative id would be that of a process group.
  if (!/^[1-9]\d*$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    return codeOf(error) !== "ESRCH";
  }
  return startOf(Number(pid)) === start;
}

/**
 * The start time of a process, in ticks since the system started; `""` if it has ended and is not
 * reaped yet, or if the system is not Linux.
 */
function startOf(pid: number): string {
  const fields = readIfExists(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, "")
    .split(" ");
  const [state = "Z"] = fields ?? [];
  // Fields 3 and 22 of proc(5): the name in front may hold spaces.
  return /[ZX]/.test(state) ? "" : (fields?.[19] ?? "");
}
