/** Formats what was reached of the assertions of a program. */
import Table from "cli-table3";
import { shorten } from "../../../protocol/shorten.ts";
import { enumerate, plural } from "../../checkers/wording.ts";
import type { Coverage } from "../../run/assertions.ts";
import type { CoverageSummary, ReachedSummary } from "../../sweep/summary.ts";
import { printable } from "./printable.ts";

/** Maximum length of a name in the table. */
const MAX_NAME_LENGTH = 70;

/** Formats a table of the situations that the runs of a sweep reached, and counts the others. */
export function describeCoverage({ sometimes, always }: CoverageSummary, runs: number): string[] {
  const unreached = sometimes.filter(({ runCount }) => runCount === 0);
  const unevaluated = always.filter(({ runCount }) => runCount === 0);
  return [
    ...(sometimes.length === 0 ? [] : [tableOf(sometimes, runs)]),
    ...(unreached.length === 0
      ? []
      : [`${unreached.length} of ${plural(sometimes.length, "situation")} never reached`]),
    ...(unevaluated.length === 0
      ? []
      : [
          `${unevaluated.length} of ${plural(always.length, "assertion")} with node.always never evaluated: ${listed(unevaluated)}`,
        ]),
  ];
}

/** Formats what a single run reached, in a few words; `undefined` without any `sometimes`. */
export function reachedBy({ sometimes }: Coverage): string | undefined {
  if (sometimes.length === 0) return undefined;
  const unreached = sometimes.filter(({ count }) => count === 0);
  const reachedCount = sometimes.length - unreached.length;
  const others = unreached.length === 0 ? "" : `; not ${listed(unreached)}`;
  return `${reachedCount} of ${plural(sometimes.length, "situation")}${others}`;
}

function tableOf(sometimes: readonly ReachedSummary[], runs: number): string {
  const table = new Table({
    head: ["sometimes", "runs", "times"],
    colAligns: ["left", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, runCount, count } of sometimes) {
    table.push([shown(name), `${runCount} of ${runs}`, count]);
  }
  return table.toString();
}

function listed(named: readonly { readonly name: string }[]): string {
  return enumerate(named, ({ name }) => `"${shown(name)}"`);
}

function shown(name: string): string {
  return shorten(printable(name), MAX_NAME_LENGTH);
}
