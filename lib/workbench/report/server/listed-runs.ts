/** Finds the runs of a store: those of `vortex test`, `vortex sim` and Maelstrom. */
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { REPORT_FILE } from "../html/stored-run.ts";

export interface ListedRun {
  /** Names of its directory within the store, which are its address too. */
  readonly path: readonly string[];
  readonly directory: string;
  /** Whether Maelstrom ran it; it has no report then. */
  readonly isMaelstroms: boolean;
}

/** Lists every run of a store. */
export function runsIn(root: string): ListedRun[] {
  return directoriesIn(root)
    .flatMap((parent): ListedRun[] => {
      const isMaelstroms = parent.startsWith("maelstrom-");
      if (isMaelstroms) return [{ path: [parent], directory: join(root, parent), isMaelstroms }];
      return directoriesIn(join(root, parent)).map((name) => ({
        path: [parent, name],
        directory: join(root, parent, name),
        isMaelstroms,
      }));
    })
    .filter(({ directory }) => isRegularFile(join(directory, "test.json")));
}

/** The run's address on the server. */
export function addressOf({ path }: ListedRun): string {
  return `/${path.map(encodeURIComponent).join("/")}/`;
}

const RUN_FILES = [
  ...["test.json", "results.json", "history.jsonl", "messages.jsonl", "logs.jsonl"],
  ...["crash.txt", "output.log", REPORT_FILE],
];

/** @throws {Error} when a file of the run is a link, which may lead elsewhere, or a pipe, which blocks. */
export function requireRegularFiles(directory: string): void {
  for (const name of RUN_FILES) {
    const file = join(directory, name);
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats !== undefined && !stats.isFile()) throw new Error(`${file} is not a regular file`);
  }
}

/** Names of subdirectories. Links are left out: they may lead outside the store. */
function directoriesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

export function isRegularFile(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;
}
