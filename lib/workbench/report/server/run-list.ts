/**
 * The runs of a store as web pages: `/` lists them, `/<workload>/<time>/` is one's report.
 *
 * A name in an address is looked for among the names of directories, and never made a path of; so no
 * address leads outside the store; nor does a link within, for what is no plain file is not read.
 * Requests under another host's name are refused: a page somewhere on the web could have its own name
 * lead here, and read what is answered.
 */
import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { readDescription } from "../../store/stored-results.ts";
import { escapeHtml } from "../html/html.ts";
import { REPORT_FILE, type ReportOptions, writeReport } from "../html/stored-run.ts";

interface ListedRun {
  readonly workload: string;
  readonly name: string;
  readonly directory: string;
}

/** A run without one crashed, was interrupted, or is under way. */
type State = "valid" | "invalid" | "unknown" | "no verdict";

/** How many runs a page lists. */
const MAX_LISTED = 500;

const HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost"]);

const HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "X-Frame-Options": "DENY",
};

export class RunList {
  readonly #root: string;
  readonly #options: ReportOptions;
  /** Reports being written, by directory: a second reader waits for the same. */
  readonly #writing = new Map<string, Promise<string>>();

  constructor(root: string, options: ReportOptions) {
    this.#root = root;
    this.#options = options;
  }

  async answer(request: Request): Promise<Response> {
    const { hostname, pathname } = new URL(request.url);
    if (!HOSTS.has(hostname))
      return page(403, "Forbidden", "<p>This is for this machine alone.</p>");
    if (request.method !== "GET" && request.method !== "HEAD") {
      return page(405, "Not allowed", "<p>There is nothing here but pages to read.</p>");
    }
    if (pathname === "/") return page(200, "Runs", this.#table());
    const [workload, name, ...rest] = pathname.slice(1).split("/").map(decoded);
    const run = this.#runs().find((each) => each.workload === workload && each.name === name);
    if (run === undefined || rest.join("/") !== "") {
      return page(404, "Not found", '<p>There is no such run. <a href="/">All runs</a></p>');
    }
    return await this.#report(run);
  }

  async #report({ directory }: ListedRun): Promise<Response> {
    try {
      const file = join(directory, REPORT_FILE);
      refuseLinks(directory);
      if (!existsSync(file) || isOlder(file, join(directory, "results.json"))) {
        await this.#write(directory);
      }
      return new Response(Bun.file(file), { headers: HEADERS });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return page(500, "No report", `<p>The report cannot be made: ${escapeHtml(reason)}</p>`);
    }
  }

  async #write(directory: string): Promise<void> {
    const writing = this.#writing.get(directory) ?? writeReport(directory, this.#options);
    this.#writing.set(directory, writing);
    try {
      await writing;
    } finally {
      this.#writing.delete(directory);
    }
  }

  /** Every run, the newest first. */
  #runs(): ListedRun[] {
    const runs = directoriesIn(this.#root).flatMap((workload) =>
      directoriesIn(join(this.#root, workload)).map((name) => ({
        workload,
        name,
        directory: join(this.#root, workload, name),
      })),
    );
    return runs
      .filter(({ directory }) => isPlainFile(join(directory, "test.json")))
      .sort((one, other) => (one.name < other.name ? 1 : -1));
  }

  #table(): string {
    const runs = this.#runs();
    if (runs.length === 0) {
      return `<p>There are no runs in <code>${escapeHtml(this.#root)}</code> yet: <code>vortex test</code> leaves them there.</p>`;
    }
    const more = runs.length - MAX_LISTED;
    const rows = runs.slice(0, MAX_LISTED).map(rowOf).join("\n");
    return `<div class="scroll"><table>
<thead><tr><th>verdict<th>workload<th>started<th>nodes<th>rate<th>length<th>faults<th>seed</tr></thead>
<tbody>
${rows}
</tbody></table></div>${more > 0 ? `<p>and ${more} older ones</p>` : ""}`;
  }
}

function rowOf({ workload, name, directory }: ListedRun): string {
  const state = stateOf(directory);
  const address = `/${encodeURIComponent(workload)}/${encodeURIComponent(name)}/`;
  const cells = describe(directory).map((cell) => `<td>${escapeHtml(cell)}`);
  return `<tr class="${state}"><td><span>${state}</span><td><a href="${address}">${escapeHtml(workload)}</a><td>${escapeHtml(startedAt(name))}${cells.join("")}</tr>`;
}

function describe(directory: string): string[] {
  try {
    const { options } = readDescription(readFileSync(join(directory, "test.json"), "utf8"));
    const { nodeIds, rate, timeLimitS, nemesis, seed } = options;
    return [
      String(nodeIds.length),
      `${rate}/s`,
      `${timeLimitS} s`,
      nemesis.join(", "),
      String(seed),
    ];
  } catch {
    // Listed all the same: its page says what is wrong.
    return ["", "", "", "", ""];
  }
}

const VERDICT = /^\{\s*"valid":\s*(true|false|"unknown")/;

/** A run's verdict: it stands at the very beginning of its results. */
function stateOf(directory: string): State {
  const file = join(directory, "results.json");
  if (!isPlainFile(file)) return "no verdict";
  const [, valid] = VERDICT.exec(beginningOf(file)) ?? [];
  if (valid === undefined || valid === '"unknown"') return "unknown";
  return valid === "true" ? "valid" : "invalid";
}

function beginningOf(file: string): string {
  const descriptor = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(64);
    return bytes.toString("utf8", 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

/** `"2026-05-01 10:30:00"`, of the name of a run's directory. */
function startedAt(name: string): string {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/.exec(name) ?? [];
  return year === undefined ? name : `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}

/** Names of directories; links are none, so that nothing leads elsewhere. */
function directoriesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

const RUN_FILES = ["test.json", "results.json", "history.jsonl", "messages.jsonl", REPORT_FILE];

/** @throws {Error} when one of a run's files leads elsewhere, or would be waited for, as a pipe is. */
function refuseLinks(directory: string): void {
  for (const name of RUN_FILES) {
    const file = join(directory, name);
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats !== undefined && !stats.isFile()) throw new Error(`${file} is no plain file`);
  }
}

function isPlainFile(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

function isOlder(file: string, other: string): boolean {
  return existsSync(other) && statSync(file).mtimeMs < statSync(other).mtimeMs;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function page(status: number, title: string, content: string): Response {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Vortex</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body><main><h1>${escapeHtml(title)}</h1>
${content}
</main></body>
</html>
`;
  return new Response(html, { status, headers: HEADERS });
}

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; background: light-dark(#fff, #14171c); color: light-dark(#1c2330, #e4e8ee); }
main { max-width: 1100px; margin: 0 auto; padding: 20px clamp(12px, 3vw, 32px); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; white-space: nowrap; }
th { text-align: left; font-weight: 500; color: light-dark(#5b6575, #98a3b3); }
th, td { padding: 6px 16px 6px 0; border-bottom: 1px solid light-dark(#e1e5eb, #2b313b); }
td a { color: light-dark(#2b6cb0, #63a8ec); font-weight: 600; }
td span { font-weight: 650; font-size: 0.88rem; padding: 2px 11px; border-radius: 99px; background: light-dark(#eef0f3, #262c35); }
.valid span { background: light-dark(#e3f4ea, #173425); color: light-dark(#2f855a, #56b787); }
.invalid span { background: light-dark(#fde8e8, #421d1f); color: light-dark(#d12f2f, #ff6b6b); }
.unknown span { background: light-dark(#fdf3d8, #3b2f12); color: light-dark(#b7791f, #e0ad4a); }
@media (max-width: 640px) {
  thead { display: none; }
  tr { display: flex; flex-wrap: wrap; gap: 4px 14px; padding: 10px 0; border-bottom: 1px solid light-dark(#e1e5eb, #2b313b); }
  td { padding: 0; border: 0; white-space: normal; overflow-wrap: anywhere; }
  td:empty { display: none; }
  td:nth-child(n + 4) { color: light-dark(#5b6575, #98a3b3); }
  td:nth-child(4)::before { content: "nodes "; }
  td:nth-child(8)::before { content: "seed "; }
}
`;
