/** The stages as a table. */
import Table from "cli-table3";
import pc from "picocolors";
import { type Figures, figuresOf, type TestResult } from "../results.ts";
import type { Stage, Target } from "../stages.ts";

/** How far a stage is. */
export type StageRow = { readonly stage: Stage } & (
  | { readonly state: "waiting" }
  | { readonly state: "running"; readonly beganMs: number }
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
}

export function stagesTable(rows: readonly StageRow[], options: StagesTableOptions): string {
  const table = new Table({
    head: ["", "stage", "verdict", "msgs/op", "median", "max", "target", "time"],
    colAligns: ["left", "left", "left", "right", "right", "right", "left", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push(cells(row, options));
  return table.toString();
}

function cells(row: StageRow, { isFull, nowMs }: StagesTableOptions): string[] {
  const { id, name, flags, target } = row.stage;
  const stage = `${name}\n${pc.dim(wrap(flags, FLAGS_WIDTH))}`;
  const wanted = describeTarget(target);
  if (row.state === "waiting") return [id, stage, pc.dim("waiting"), "", "", "", wanted, ""];
  if (row.state === "running") {
    const seconds = nowMs === undefined ? "" : inSeconds((nowMs - row.beganMs) / 1000);
    return [id, stage, "running", "", "", "", wanted, seconds];
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

const FLAGS_WIDTH = 44;

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

/** Breaks a command between its flags. */
function wrap(flags: string, width: number): string {
  const lines: string[] = [];
  for (const flag of flags.split(/ (?=-)/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + flag.length <= width) {
      lines[lines.length - 1] = `${last} ${flag}`;
    } else {
      lines.push(flag);
    }
  }
  return lines.join("\n");
}
