/** Formats our results and Maelstrom's side by side. */
import Table from "cli-table3";
import pc from "picocolors";
import type { Comparable } from "../../maelstrom/maelstrom.ts";

export interface Compared {
  /** Workload or stage. */
  readonly name: string;
  /** Absent if the test crashed. */
  readonly vortex?: Comparable;
  readonly maelstrom?: Comparable;
}

/** Makes a table with a line per test, and marks verdicts that differ. */
export function comparisonTable(compared: readonly Compared[]): string {
  const table = new Table({
    head: ["", ...["vortex", "Maelstrom"].flatMap((name) => [name, "msgs/op", "median", "max"])],
    colAligns: ["left", "left", "right", "right", "right", "left", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, vortex, maelstrom } of compared) {
    const mark = vortex?.valid === maelstrom?.valid ? (text: string) => text : pc.red;
    table.push([name, ...cells(vortex, mark), ...cells(maelstrom, mark)]);
  }
  const differing = compared.filter(({ vortex, maelstrom }) => vortex?.valid !== maelstrom?.valid);
  const names = differing.map(({ name }) => name).join(", ");
  return differing.length === 0 ? table.toString() : `${table}\nThe verdicts differ: ${names}`;
}

function cells(one: Comparable | undefined, mark: (text: string) => string): string[] {
  if (one === undefined) return [mark("crashed"), "", "", ""];
  const { msgsPerOp, medianMs, maxMs } = one.figures;
  const formatted = (value: number | undefined, digits: number, unit: string) =>
    value === undefined ? "" : `${value.toFixed(digits)}${unit}`;
  const verdict = one.valid === "unknown" ? "unknown" : one.valid ? "valid" : "invalid";
  const figures = [
    formatted(msgsPerOp, 2, ""),
    formatted(medianMs, 1, " ms"),
    formatted(maxMs, 1, " ms"),
  ];
  return [mark(verdict), ...figures];
}
