/** The stages as a table. */
import Table from "cli-table3";
import pc from "picocolors";
import { type Figures, figuresOf, type TestResult } from "../results.ts";
import type { Stage, Target } from "../stages.ts";
import type { TestProgress } from "./progress.ts";

/** How far a stage is. */
export type StageRow = { readonly stage: Stage } & (
  | { readonly state: "waiting" }
  | { readonly state: "interrupted" }
  | { readonly state: "running"; readonly beganMs: number; readonly progress: TestProgress }
  | {
      readonly state: "ended";
      readonly tookS: number;
      readonly result?: TestResult;
      readonly crash?: string;
    }
);

export interface StagesTableOptions {
  /** Whether the stages run at their official lengths, so that figures can miss their targets. */
  readonly isFull: boolean;
  /** The clock that rows were begun by: with it, running stages show their time. */
  readonly nowMs?: number;
  /** How wide it should be, at most: commands are broken into more lines then. */
  readonly columns?: number;
  /** Whether only stages that run take more than a line. */
  readonly isBrief?: boolean;
}

export function stagesTable(rows: readonly StageRow[], options: StagesTableOptions): string {
  const { columns = Number.POSITIVE_INFINITY } = options;
  const table = render(rows, options, STAGE_WIDTH);
  const excess = Bun.stringWidth(table.split("\n")[0] ?? "") - columns;
  return excess > 0 ? render(rows, options, widestStage(rows) - excess) : table;
}

function render(
  rows: readonly StageRow[],
  options: StagesTableOptions,
  stageWidth: number,
): string {
  const table = new Table({
    head: ["", "stage", "verdict", "msgs/op", "median", "max", "target", "time"],
    colAligns: ["left", "left", "left", "right", "right", "right", "left", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) {
    const isBrief = options.isBrief === true && row.state !== "running";
    const whole = cells(row, options, stageWidth);
    table.push(isBrief ? whole.map((cell) => cell.split("\n")[0] ?? "") : whole);
  }
  return table.toString();
}

function cells(row: StageRow, { isFull, nowMs }: StagesTableOptions, stageWidth: number): string[] {
  const { id, target } = row.stage;
  const { name, flags } = stageLines(row.stage, stageWidth);
  const stage = [...name, ...flags.map(pc.dim)].join("\n");
  const wanted = describeTarget(target);
  if (row.state === "waiting") return [id, stage, pc.dim("waiting"), "", "", "", wanted, ""];
  if (row.state === "interrupted") {
    return [id, stage, pc.yellow("interrupted"), "", "", "", wanted, ""];
  }
  if (row.state === "running") {
    if (nowMs === undefined) return [id, stage, "running", "", "", "", wanted, ""];
    const progress = row.progress.describe(nowMs);
    const lines = progress.flatMap((part) => wrap(part.split(" "), stageWidth)).map(pc.cyan);
    const seconds = inSeconds((nowMs - row.beganMs) / 1000);
    return [id, [stage, ...lines].join("\n"), "running", "", "", "", wanted, seconds];
  }
  const time = inSeconds(row.tookS);
  if (row.result === undefined) return [id, stage, pc.red("crashed"), "", "", "", wanted, time];

  const figures = figuresOf(row.result);
  const figure = (name: keyof Figures, format: (value: number) => string) => {
    const value = figures[name];
    if (value === undefined) return "";
    const isMissed = isFull && value > (target[name] ?? Number.POSITIVE_INFINITY);
    return isMissed ? pc.yellow(`${format(value)} missed`) : format(value);
  };
  return [
    id,
    stage,
    describeVerdict(row.result),
    figure("msgsPerOp", inHundredths),
    figure("medianMs", inMilliseconds),
    figure("maxMs", inMilliseconds),
    wanted,
    time,
  ];
}

const STAGE_WIDTH = 44;

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

/** Puts words together to lines; a word that is wider is a line of its own. */
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
