/** Finds the runs of a store, and what the list shows of each. */
import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
} from "node:fs";
import { join } from "node:path";
import { readDescription } from "../../store/stored-results.ts";
import { REPORT_FILE } from "../html/stored-run.ts";

export interface ListedRun {
  readonly workload: string;
  /** Name of its directory, which starts with the time. */
  readonly name: string;
  readonly directory: string;
}

/** A run without a verdict crashed, was interrupted, or is in progress. */
export type VerdictState = "valid" | "invalid" | "unknown" | "no verdict";

/** Lists every run of a store, newest first. */
export function runsIn(root: string): ListedRun[] {
  const runs = directoriesIn(root).flatMap((workload) =>
    directoriesIn(join(root, workload)).map((name) => ({
      workload,
      name,
      directory: join(root, workload, name),
    })),
  );
  return runs
    .filter(({ directory }) => isRegularFile(join(directory, "test.json")))
    .sort((one, other) => (one.name < other.name ? 1 : -1));
}

/** Formats the run's options as cells of the list: nodes, rate, time limit, faults, seed. */
export function optionCells(directory: string): readonly string[] {
  try {
    const { options } = readDescription(readFileSync(join(directory, "test.json"), "utf8"));
    const { nodeIds, rate, timeLimitS, nemesis, seed } = options;
    return [
      String(nodeIds.length),
      `${rate}/s`,
      `${timeLimitS} s`,
      nemesis.join(", "),
      String(seed),
    ];
  } catch {
    // The run is listed without its options; its report says what is wrong.
    return ["", "", "", "", ""];
  }
}

const VERDICT = /^\{\s*"valid":\s*(true|false|"unknown")/;

/** Reads a run's verdict from the first bytes of its results. */
export function verdictOf(directory: string): VerdictState {
  const file = join(directory, "results.json");
  if (!isRegularFile(file)) return "no verdict";
  const [, valid] = VERDICT.exec(firstBytesOf(file)) ?? [];
  if (valid === undefined || valid === '"unknown"') return "unknown";
  return valid === "true" ? "valid" : "invalid";
}

function firstBytesOf(file: string): string {
  const descriptor = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(64);
    return bytes.toString("utf8", 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

/** Formats the time in a directory's name: `"2026-05-01 10:30:00"`. */
export function startedAt(name: string): string {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/.exec(name) ?? [];
  return year === undefined ? name : `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}

const RUN_FILES = [
  "test.json",
  "results.json",
  "history.jsonl",
  "messages.jsonl",
  "logs.jsonl",
  REPORT_FILE,
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

function isRegularFile(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;
}
