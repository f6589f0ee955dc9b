/** The list of runs: a form that filters and compares, and a table that sorts by any column. */
import { escapeHtml } from "../html/html.ts";
import { addressOf } from "./listed-runs.ts";
import { type RunRow, SOURCES, VERDICTS } from "./run-rows.ts";

/** Number of runs that the list shows. */
const MAX_LISTED = 500;

interface Column {
  /** Name in the address. */
  readonly key: string;
  readonly title: string;
  readonly text: (row: RunRow) => string;
  /** Defaults to the text. */
  readonly sortsBy?: (row: RunRow) => string | number;
  readonly isNumber?: true;
}

const COLUMNS: readonly Column[] = [
  { key: "program", title: "program", text: ({ program }) => program },
  { key: "source", title: "source", text: ({ source }) => source },
  { key: "started", title: "started", text: ({ started }) => started },
  { key: "cause", title: "cause", text: ({ cause }) => cause },
  figure("msgs", "msgs/op", /^Messages per operation/),
  figure("median", "median latency", /^Median/),
  figure("max", "max latency", /^Maximum/),
  figure("ok", "ok", /^Ok operations/),
  option("nodes"),
  option("rate"),
  option("time limit"),
  option("faults"),
  option("seed"),
];

function figure(key: string, title: string, name: RegExp): Column {
  const find = (row: RunRow) => row.figures.find(([figureName]) => name.test(figureName));
  const cell = (row: RunRow) => find(row)?.[1];
  // Stable latencies are not comparable with those of requests.
  const kind = (row: RunRow) => (find(row)?.[0].includes(" stable ") ? " stable" : "");
  return {
    key,
    title,
    isNumber: true,
    text: (row) => `${cell(row)?.text ?? ""}${kind(row)}`,
    sortsBy: (row) => cell(row)?.sortsBy ?? Number.NEGATIVE_INFINITY,
  };
}

function option(name: string): Column {
  const text = ({ options }: RunRow) => options.find(([each]) => each === name)?.[1] ?? "";
  return {
    key: name.replace(" ", "-"),
    title: name,
    text: (row) => (text(row) === "none" ? "" : text(row)),
    sortsBy: (row) => (/^\d/.test(text(row)) ? Number.parseFloat(text(row)) : text(row)),
  };
}

/** Renders the table of the runs that a query asks for, newest first unless it says otherwise. */
export function runTable(rows: readonly RunRow[], query: URLSearchParams): string {
  const wanted = sorted(
    rows.filter((row) => matches(row, query)),
    query,
  );
  const more = wanted.length - MAX_LISTED;
  const workloads = [...new Set(rows.map(({ workload }) => workload))].sort();
  const headers = [
    { key: "verdict", title: "verdict" },
    { key: "workload", title: "workload" },
    ...COLUMNS,
  ].map(({ key, title }) => header(key, title, query));
  return `<form class="filter">
${choice("workload", workloads, query)}
${choice("verdict", VERDICTS, query)}
${choice("source", SOURCES, query)}
<label>text <input type="search" name="text" value="${escapeHtml(query.get("text") ?? "")}" placeholder="program, cause, fault"></label>
${hidden("sort", query)}${hidden("order", query)}
<button>Filter</button> <a href="/">Reset</a>
</form>
<form action="/compare">
<p>${count(wanted.length, rows.length)} Check two or more to <button>compare them</button></p>
<div class="scroll"><table>
<thead><tr><th><span class="hidden">compare</span>${headers.join("")}</tr></thead>
<tbody>
${wanted.slice(0, MAX_LISTED).map(rowOf).join("\n")}
</tbody></table></div></form>${more > 0 ? `<p>${more} more runs are not listed: filter them.</p>` : ""}`;
}

function count(shown: number, all: number): string {
  return shown === all ? `${all} runs.` : `${shown} of ${all} runs.`;
}

function matches(row: RunRow, query: URLSearchParams): boolean {
  for (const name of ["workload", "verdict", "source"] as const) {
    const value = query.get(name) ?? "";
    if (value !== "" && row[name] !== value) return false;
  }
  const text = (query.get("text") ?? "").trim().toLowerCase();
  const cells = [row.workload, row.bin, ...COLUMNS.map((column) => column.text(row))];
  return text === "" || cells.join("\n").toLowerCase().includes(text);
}

/** Sorts by a column, ascending unless `order` is `down`. Equal runs stay newest first. */
function sorted(rows: readonly RunRow[], query: URLSearchParams): RunRow[] {
  const newest = rows.toSorted((one, other) => (one.started < other.started ? 1 : -1));
  const key = query.get("sort");
  const column = COLUMNS.find((each) => each.key === key);
  const by = column?.sortsBy ?? column?.text;
  const value =
    key === "verdict" || key === "workload" ? (row: RunRow): string | number => row[key] : by;
  if (value === undefined) return newest;
  const sign = query.get("order") === "down" ? -1 : 1;
  return newest.sort((one, other) => sign * compare(value(one), value(other)));
}

function compare(one: string | number, other: string | number): number {
  if (typeof one === "number" && typeof other === "number")
    return one < other ? -1 : +(one > other);
  return String(one).localeCompare(String(other));
}

function header(key: string, title: string, query: URLSearchParams): string {
  const isSorted = query.get("sort") === key;
  const isDown = query.get("order") === "down";
  const next = new URLSearchParams(query);
  next.set("sort", key);
  next.set("order", isSorted && !isDown ? "down" : "up");
  const arrow = isSorted ? (isDown ? " ↓" : " ↑") : "";
  return `<th><a href="/?${escapeHtml(String(next))}">${title}${arrow}</a>`;
}

function choice(name: string, values: readonly string[], query: URLSearchParams): string {
  const options = ["", ...values].map((value) => {
    const selected = query.get(name) === value ? " selected" : "";
    return `<option value="${escapeHtml(value)}"${selected}>${escapeHtml(value || "all")}</option>`;
  });
  return `<label>${name} <select name="${name}">${options.join("")}</select></label>`;
}

function hidden(name: string, query: URLSearchParams): string {
  const value = query.get(name);
  return value === null ? "" : `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
}

function rowOf(row: RunRow): string {
  const address = escapeHtml(addressOf(row.run));
  const cells = COLUMNS.map((column) => {
    const { key, title, isNumber } = column;
    const label = isNumber || ["nodes", "seed"].includes(key) ? ` data-label="${title}"` : "";
    const full = key === "program" ? ` title="${escapeHtml(row.bin)}"` : "";
    return `<td class="${key}"${label}${full}>${escapeHtml(column.text(row))}`;
  });
  return `<tr class="${row.verdict}"><td><input type="checkbox" name="run" value="${address}" aria-label="compare"><td><span>${row.verdict}</span><td><a href="${address}">${escapeHtml(row.workload)}</a>${cells.join("")}</tr>`;
}
