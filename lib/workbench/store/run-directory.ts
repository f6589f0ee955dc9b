/** The directories of runs, and the links to the latest one. */
import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

export interface RunDirectory {
  readonly directory: string;
  /** Start time of the run: ISO 8601, UTC. */
  readonly startedAt: string;
}

/**
 * Creates a directory for a run that starts now, named after the time.
 *
 * Of several runs that start in the same millisecond, the later ones get a number.
 */
export function makeRunDirectory(parent: string): RunDirectory {
  mkdirSync(parent, { recursive: true });
  const now = new Date();
  const startedAt = now.toISOString();
  const name = timeText(now);
  for (let attempt = 1; ; attempt++) {
    const directory = join(parent, attempt === 1 ? name : `${name}-${attempt}`);
    try {
      mkdirSync(directory);
      return { directory, startedAt };
    } catch (error) {
      const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
      if (!exists) throw error;
    }
  }
}

/** Points a link at a run, and replaces a former link. */
export function linkRun(path: string, directory: string): void {
  if (process.platform === "win32") {
    // A junction needs no privileges but an absolute path, and cannot be replaced atomically.
    rmSync(path, { force: true });
    symlinkSync(resolve(directory), path, "junction");
    return;
  }
  const fresh = `${path}.${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(relative(dirname(path), directory), fresh);
  try {
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh);
    throw error;
  }
}

/** Formats local time and its UTC offset as Maelstrom does: `20260501T103000.123+0200`. */
function timeText(time: Date): string {
  const offsetMin = -time.getTimezoneOffset();
  const local = new Date(time.getTime() + offsetMin * 60_000).toISOString();
  const sign = offsetMin < 0 ? "-" : "+";
  const hours = String(Math.floor(Math.abs(offsetMin) / 60)).padStart(2, "0");
  const minutes = String(Math.abs(offsetMin) % 60).padStart(2, "0");
  return `${local.slice(0, -1).replace(/[-:]/g, "")}${sign}${hours}${minutes}`;
}
