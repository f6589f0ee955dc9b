/** A row of the list: verdict, program, options, figures and cause of a run. */
import { lstatSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { shorten } from "../../../protocol/shorten.ts";
import {
  readDescription,
  readResults,
  type StoredDescription,
  type StoredResults,
} from "../../store/stored-results.ts";
import { gaugesOf, optionsOf, seriousFindingsOf } from "../html/run-summary.ts";
import { describeGroup } from "../terminal/request-errors.ts";
import { verdictSentence } from "../terminal/verdict-sentence.ts";
import { isRegularFile, type ListedRun } from "./listed-runs.ts";

export const VERDICTS = ["valid", "invalid", "unknown", "crashed", "running"] as const;
export const SOURCES = ["test", "sim", "maelstrom"] as const;

/** A cell: its text, and the value that it sorts by. */
export interface Cell {
  readonly text: string;
  readonly sortsBy: string | number;
}

export interface RunRow {
  readonly run: ListedRun;
  readonly verdict: (typeof VERDICTS)[number];
  readonly source: (typeof SOURCES)[number];
  readonly workload: string;
  /** Absolute path; empty if unknown. */
  readonly bin: string;
  readonly program: string;
  /** `2026-05-01 10:30:00`. */
  readonly started: string;
  /** Why the run is not valid, in a few words. */
  readonly cause: string;
  readonly options: readonly (readonly [name: string, value: string])[];
  readonly figures: readonly (readonly [name: string, cell: Cell])[];
  /** Findings by kind, and how many examples of each the results hold. */
  readonly findings: ReadonlyMap<string, number>;
}

const MAX_CAUSE_LENGTH = 110;

/** Reads a run's files. A damaged file leaves gaps; the run's report says what is wrong. */
export function readRow(run: ListedRun): RunRow {
  const description = attempt(() => readDescription(textOf(run, "test.json") ?? ""));
  const results = attempt(() => resultsOf(run));
  const workload = description?.options.workload ?? run.path[0] ?? "";
  const bin = description?.bin ?? "";
  return {
    run,
    verdict: verdictOf(run, results),
    source: run.isMaelstroms ? "maelstrom" : sourceOf(description),
    workload,
    bin,
    program: basename(bin),
    started: startedAt(run, description),
    cause: shorten(causeOf(run, workload, results), MAX_CAUSE_LENGTH),
    options:
      description === undefined
        ? []
        : [...optionsOf(description), ["seed", String(description.options.seed)]],
    figures:
      description === undefined || results === undefined ? [] : figuresOf(description, results),
    findings: findingsOf(workload, results),
  };
}

function sourceOf(description: StoredDescription | undefined): "test" | "sim" {
  return description?.command.startsWith("vortex sim") ? "sim" : "test";
}

function resultsOf(run: ListedRun): StoredResults | undefined {
  const text = textOf(run, "results.json");
  return text === undefined ? undefined : readResults(text);
}

/** A run without results that was written to within this time is still running, in ms. */
const ACTIVE_MS = 5_000;

function verdictOf(run: ListedRun, results: StoredResults | undefined): RunRow["verdict"] {
  if (results !== undefined) {
    if (results.valid === "unknown") return "unknown";
    return results.valid ? "valid" : "invalid";
  }
  if (isRegularFile(join(run.directory, "results.json"))) return "unknown";
  if (isRegularFile(join(run.directory, "crash.txt"))) return "crashed";
  const written = ["messages.jsonl", "history.jsonl", "test.json", "output.log"].map(
    (name) => lstatSync(join(run.directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return Date.now() - Math.max(...written) < ACTIVE_MS ? "running" : "crashed";
}

function causeOf(run: ListedRun, workload: string, results: StoredResults | undefined): string {
  if (results === undefined) return firstLine(textOf(run, "crash.txt") ?? "");
  const { valid, warnings, requestErrors } = results;
  if (run.isMaelstroms) return valid === true ? "" : "see Maelstrom's output";
  if (valid === true) return warnings.length === 0 ? "" : `weak: ${warnings[0]?.kind ?? ""}`;
  // The first clause of each reason: "9 of 50 values were lost", without what that means.
  const clauses = verdictSentence(workload, results)
    .replace(/^\w+: |\.$/g, "")
    .split("; ");
  const reasons = clauses.map((clause) => clause.split(": ")[0] ?? clause);
  const [error] = requestErrors;
  return [...reasons, ...(error === undefined ? [] : [describeGroup(error)])].join("; ");
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

function figuresOf(description: StoredDescription, results: StoredResults): [string, Cell][] {
  const gauges = gaugesOf(description, results).map(({ name, value, unit }): [string, Cell] => [
    name,
    value === undefined
      ? { text: "", sortsBy: Number.NEGATIVE_INFINITY }
      : { text: `${+value.toPrecision(4)} ${unit}`.trim(), sortsBy: value },
  ]);
  const okCount = results.stats?.okCount;
  return okCount === undefined
    ? gauges
    : [...gauges, ["Ok operations", { text: String(okCount), sortsBy: okCount }]];
}

function findingsOf(workload: string, results: StoredResults | undefined) {
  const counts = new Map<string, number>();
  for (const { anomaly } of results === undefined ? [] : seriousFindingsOf(workload, results)) {
    counts.set(anomaly, (counts.get(anomaly) ?? 0) + 1);
  }
  return counts;
}

/** Formats the time in a directory's name, or that of the description: `"2026-05-01 10:30:00"`. */
function startedAt({ path }: ListedRun, description: StoredDescription | undefined): string {
  const name = path[1] ?? description?.startedAt?.replace(/[-:]/g, "") ?? "";
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/.exec(name) ?? [];
  return year === undefined ? name : `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}

/** Reads a file of a run; `undefined` if it is missing or a link. */
function textOf({ directory }: ListedRun, name: string): string | undefined {
  const file = join(directory, name);
  return isRegularFile(file) ? readFileSync(file, "utf8") : undefined;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
