/** Formats the stages as a table. */
import Table from "cli-table3";
import pc from "picocolors";
import { type Figures, figuresOf, type TestResult } from "../../run/results.ts";
import type { Stage } from "../../stages/stages.ts";
import type { Target } from "../../workloads/stage.ts";
import type { TestProgress } from "./progress.ts";

/** The state of a stage. */
export type StageRow = { readonly stage: Stage } & (
  | { readonly state: "waiting" }
  | { readonly state: "interrupted" }
  | { readonly state: "running"; readonly startedMs: number; readonly progress: TestProgress }
  | {
      readonly state: "ended";
      readonly tookS: number;
      readonly result?: TestResult;
      readonly crash?: string;
    }
);

export interface StagesTableOptions {
  /** Whether the stages have their official lengths, so that figures are compared with targets. */
  readonly isFull: boolean;
  /** Current time on the clock of `startedMs`. With it, running stages show their time. */
  readonly nowMs?: number;
  /** Maximum width. A narrow table breaks commands into more lines, or omits columns. */
  readonly columns?: number;
  /** Whether to limit stages that are not running to one line. */
  readonly isBrief?: boolean;
}

export function stagesTable(rows: readonly StageRow[], options: StagesTableOptions): string {
  const { columns = Number.POSITIVE_INFINITY } = options;
  const widest = widestStage(rows);
  let table = "";
  // A final table keeps its figures. One that is redrawn must fit the screen.
  const layouts = options.nowMs === undefined ? LAYOUTS.slice(0, 2) : LAYOUTS;
  for (const visible of layouts) {
    table = render(rows, options, visible, STAGE_WIDTH);
    const excess = widthOf(table) - columns;
    if (excess <= 0) break;
    table = render(rows, options, visible, Math.max(MIN_STAGE_WIDTH, widest - excess));
    if (widthOf(table) <= columns) break;
  }
  return table;
}

type Column = "id" | "stage" | "verdict" | "msgsPerOp" | "median" | "max" | "target" | "time";
type Cells = { readonly [column in Column]: string };

const HEAD: Cells = {
  ...{ id: "", stage: "stage", verdict: "verdict", msgsPerOp: "msgs/op" },
  ...{ median: "median", max: "max", target: "target", time: "time" },
};
const NUMBERS: readonly Column[] = ["msgsPerOp", "median", "max", "time"];
/** Columns to show, on ever narrower screens. */
const LAYOUTS: readonly (readonly Column[])[] = [
  ["id", "stage", "verdict", "msgsPerOp", "median", "max", "target", "time"],
  ["id", "stage", "verdict", "msgsPerOp", "median", "max", "time"],
  ["id", "stage", "verdict", "time"],
  ["id", "stage", "verdict"],
];

function render(
  rows: readonly StageRow[],
  options: StagesTableOptions,
  visible: readonly Column[],
  stageWidth: number,
): string {
  const table = new Table({
    head: visible.map((column) => HEAD[column]),
    colAligns: visible.map((column) => (NUMBERS.includes(column) ? "right" : "left")),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) {
    const isBrief = options.isBrief === true && row.state !== "running";
    const all = cells(row, options, stageWidth);
    const whole = visible.map((column) => all[column]);
    table.push(isBrief ? whole.map((cell) => cell.split("\n")[0] ?? "") : whole);
  }
  return table.toString();
}

function widthOf(table: string): number {
  return Bun.stringWidth(table.split("\n")[0] ?? "");
}

function cells(row: StageRow, { isFull, nowMs }: StagesTableOptions, stageWidth: number): Cells {
  const { id, target } = row.stage;
  const { name, flags } = stageLines(row.stage, stageWidth);
  const stage = [...name, ...flags.map(pc.dim)].join("\n");
  const without = (verdict: string) => ({
    ...{ id, stage, verdict, msgsPerOp: "", median: "", max: "" },
    ...{ target: describeTarget(target), time: "" },
  });
  if (row.state === "waiting") return without(pc.dim("waiting"));
  if (row.state === "interrupted") return without(pc.yellow("interrupted"));
  if (row.state === "running") {
    if (nowMs === undefined) return without("running");
    const progress = row.progress.describe(nowMs);
    const lines = progress.flatMap((part) => wrap(part.split(" "), stageWidth)).map(pc.cyan);
    const time = inSeconds((nowMs - row.startedMs) / 1000);
    return { ...without("running"), stage: [stage, ...lines].join("\n"), time };
  }
  const time = inSeconds(row.tookS);
  if (row.result === undefined) return { ...without(pc.red("crashed")), time };

  const figures = figuresOf(row.result);
  const figure = (name: keyof Figures, format: (value: number) => string) => {
    const value = figures[name];
    if (value === undefined) return "";
    const isMissed = isFull && value > (target[name] ?? Number.POSITIVE_INFINITY);
    return isMissed ? pc.yellow(`${format(value)} missed`) : format(value);
  };
  return {
    ...without(describeVerdict(row.result)),
    msgsPerOp: figure("msgsPerOp", inHundredths),
    median: figure("medianMs", inMilliseconds),
    max: figure("maxMs", inMilliseconds),
    time,
  };
}

const STAGE_WIDTH = 44;
/** Width of the longest word of a stage. */
const MIN_STAGE_WIDTH = 18;

function stageLines({ name, flags, args = [] }: Stage, width: number) {
  const words = [flags, ...(args.length > 0 ? ["--", ...args] : [])]
    .join(" ")
    .split(/ (?=-)/)
    .flatMap((flag) => (flag.length > width ? flag.split(" ") : flag));
  return { name: wrap(name.split(" "), width), flags: wrap(words, width) };
}

function widestStage(rows: readonly StageRow[]): number {
  const lines = rows.map(({ stage }) => stageLines(stage, STAGE_WIDTH));
  return Math.max(...lines.flatMap(({ name, flags }) => [...name, ...flags]).map((l) => l.length));
}

function describeVerdict({ valid }: TestResult): string {
  if (valid === "unknown") return pc.yellow("unknown");
  return valid ? pc.green("valid") : pc.red("invalid");
}

function describeTarget({ msgsPerOp, medianMs, maxMs }: Target): string {
  const lines = ["valid"];
  if (msgsPerOp !== undefined) lines.push(`${msgsPerOp === 0 ? "" : "≤ "}${msgsPerOp} msgs/op`);
  if (medianMs !== undefined) lines.push(`median < ${medianMs} ms`);
  if (maxMs !== undefined) lines.push(`max < ${maxMs} ms`);
  return lines.join("\n");
}

function inSeconds(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}

function inMilliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

function inHundredths(value: number): string {
  return value === 0 ? "0" : value.toFixed(2);
}

/** Wraps words into lines. A longer word gets its own line. */
function wrap(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
