/** Runs side by side: verdicts, options, figures and findings, with what differs marked. */
import { escapeHtml } from "../html/html.ts";
import { addressOf } from "./listed-runs.ts";
import type { RunRow } from "./run-rows.ts";

export function comparison(rows: readonly RunRow[]): string {
  if (rows.length < 2) {
    return '<p>Check at least two runs in <a href="/">the list</a> to compare them.</p>';
  }
  const heads = rows.map(
    (row) =>
      `<th class="${row.verdict}"><a href="${escapeHtml(addressOf(row.run))}">${escapeHtml(row.workload)}</a> <span>${row.verdict}</span>`,
  );
  const optionNames = namesIn(rows.map(({ options }) => options));
  const figureNames = namesIn(rows.map(({ figures }) => figures));
  const anomalies = new Set(rows.flatMap(({ findings }) => [...findings.keys()]));
  const lines = [
    line("cause", rows, ({ cause }) => cause),
    line("program", rows, ({ bin }) => bin),
    line("source", rows, ({ source }) => source),
    line("started", rows, ({ started }) => started),
    ...[...optionNames].map((name) =>
      line(name, rows, ({ options }) => entryOf(options, name) ?? ""),
    ),
    ...[...figureNames].map((name) =>
      line(name, rows, ({ figures }) => entryOf(figures, name)?.text ?? ""),
    ),
    ...[...anomalies].map((anomaly) =>
      line(`findings: ${anomaly}`, rows, ({ findings }) => String(findings.get(anomaly) ?? 0)),
    ),
  ];
  return `<p><a href="/">All runs</a> · what differs is marked with ≠</p>
<div class="scroll"><table class="comparison">
<thead><tr><th>${heads.join("")}</tr></thead>
<tbody>
${lines.join("\n")}
</tbody></table></div>`;
}

function namesIn(lists: readonly (readonly (readonly [name: string, value: unknown])[])[]) {
  return new Set(lists.flatMap((list) => list.map(([name]) => name)));
}

function entryOf<T>(list: readonly (readonly [name: string, value: T])[], name: string) {
  return list.find(([each]) => each === name)?.[1];
}

function line(name: string, rows: readonly RunRow[], textOf: (row: RunRow) => string): string {
  const texts = rows.map(textOf);
  const isDifferent = new Set(texts).size > 1;
  const cells = texts.map((text) => `<td>${escapeHtml(text)}`).join("");
  return `<tr${isDifferent ? ' class="differs"' : ""}><th scope="row">${escapeHtml(name)}${isDifferent ? " ≠" : ""}${cells}</tr>`;
}
