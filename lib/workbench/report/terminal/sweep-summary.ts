/** Formats the summary of a sweep. */
import Table from "cli-table3";
import { enumerate, plural } from "../../checkers/wording.ts";
import type { Distribution, FailureKind, Summary } from "../../sweep/summary.ts";
import { describeCoverage } from "./coverage.ts";
import { printable } from "./printable.ts";
import { describeGroup } from "./request-errors.ts";
import { describeWarning } from "./warnings.ts";

/** Maximum number of kinds of failures to list. */
const MAX_LISTED = 20;

export function describeSummary(summary: Summary): string {
  const { count, validCount, invalidCount, unknownCount, failureKinds } = summary;
  const listed = failureKinds.slice(0, MAX_LISTED).map((kind) => describeKind(kind, count));
  const moreCount = failureKinds.length - listed.length;
  if (moreCount > 0) listed.push(`and ${moreCount} more kinds of failures`);
  return [
    ...listed,
    ...figures(summary),
    ...faults(summary),
    ...badLines(summary),
    ...warnings(summary),
    ...(summary.coverage === undefined ? [] : describeCoverage(summary.coverage, count)),
    `${count} seeds: ${validCount} valid, ${invalidCount} invalid, ${unknownCount} unknown`,
  ].join("\n");
}

/** Describes failures of a kind: how many, in which seeds, one example, and how to repeat it. */
function describeKind(
  { kind, assertion, valid, seeds, example }: FailureKind,
  count: number,
): string {
  const { seed, reason = "", mostFrequentError, command = `--seed ${seed}` } = example;
  const errors = mostFrequentError === undefined ? [] : [describeGroup(mostFrequentError)];
  const sentence = reason.startsWith(`${kind}: `) ? reason.slice(kind.length + 2) : reason;
  const lines = [`seed ${seed}: ${printable(sentence)}`, ...errors.map(printable), command];
  const name = assertion === undefined ? kind : `${kind} "${assertion}"`;
  const title = `${printable(name)}: ${seeds.length} of ${plural(count, "seed")} ${label(valid)} (${enumerate(seeds, String)})`;
  return [title, ...lines.map((line) => `  ${line}`)].join("\n");
}

function label(valid: boolean | "unknown"): string {
  return valid === "unknown" ? "unknown" : "invalid";
}

function figures({ figures: { msgsPerOp, medianMs, maxMs } }: Summary): string[] {
  const rows: [string, Distribution][] = [];
  if (msgsPerOp !== undefined) rows.push(["messages per operation", msgsPerOp]);
  if (medianMs !== undefined) rows.push(["median latency, ms", medianMs]);
  if (maxMs !== undefined) rows.push(["maximum latency, ms", maxMs]);
  if (rows.length === 0) return [];
  const table = new Table({
    head: ["", "minimum", "median", "95 %", "maximum"],
    colAligns: ["left", "right", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const [name, { min, median, p95, max }] of rows) {
    table.push([name, ...[min, median, p95, max].map((value) => value.toFixed(2))]);
  }
  return [table.toString()];
}

function faults({ faults: byFault, count }: Summary): string[] {
  return Object.entries(byFault).map(
    ([fault, { runCount, effectCount }]) =>
      `${fault} took effect in ${runCount} of ${count} runs, ${effectCount} times`,
  );
}

function badLines({ badLines: { runCount, first }, count }: Summary): string[] {
  if (first === undefined) return [];
  return [
    `In ${runCount} of ${count} runs a node printed an invalid line and was ignored from then on. ` +
      printable(`First in seed ${first.seed}: ${first.badLine}`),
  ];
}

function warnings({ warnings: { runCount, first }, count }: Summary): string[] {
  const [warning] = first?.warnings ?? [];
  if (first === undefined || warning === undefined) return [];
  return [
    `${runCount} of ${count} runs are valid with warnings. ` +
      printable(`First in seed ${first.seed}: ${describeWarning(warning)}`),
  ];
}
