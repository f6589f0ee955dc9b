/** The summary of a sweep, as text. */
import Table from "cli-table3";
import type { Outcome } from "../../sweep/outcome.ts";
import type { Distribution, Summary } from "../../sweep/summary.ts";
import { printable } from "./text.ts";

/** How many failures are told; the count says how many there are. */
const MAX_TOLD = 20;

export function describeSummary(summary: Summary): string {
  const { count, validCount, invalidCount, unknownCount, failures } = summary;
  const told = failures.slice(0, MAX_TOLD).map(failure);
  if (failures.length > told.length) told.push(`and ${failures.length - told.length} more`);
  return [
    ...told,
    ...figures(summary),
    ...faults(summary),
    ...badLines(summary),
    `${count} seeds: ${validCount} valid, ${invalidCount} invalid, ${unknownCount} unknown`,
  ].join("\n");
}

function failure({ seed, valid, reason = "", command = `--seed ${seed}` }: Outcome): string {
  return `seed ${seed}: ${label(valid)}\n  ${printable(reason)}\n  ${command}`;
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
    head: ["", "least", "median", "95 %", "most"],
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
    `In ${runCount} of ${count} runs nodes were not heard any more, as they printed what is no message; ` +
      printable(`in that of seed ${first.seed} ${first.badLine}`),
  ];
}
