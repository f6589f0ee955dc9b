/**
 * Serves the runs of a store: `/` lists them, `/<workload>/<time>/` is a run's report.
 *
 * Names in an address are compared with names of directories and never used as a path, so no address
 * leads outside the store. Links are not followed: only regular files are read. Requests under
 * another host's name are refused, since a web page could otherwise point its own name at this server
 * and read the responses (DNS rebinding).
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { escapeHtml } from "../html/html.ts";
import { REPORT_FILE, type ReportOptions, writeReport } from "../html/stored-run.ts";
import { HEADERS, htmlPage } from "./html-page.ts";
import {
  type ListedRun,
  optionCells,
  requireRegularFiles,
  runsIn,
  startedAt,
  verdictOf,
} from "./listed-runs.ts";

/** Number of runs that the list shows. */
const MAX_LISTED = 500;

const HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost"]);

export class RunList {
  readonly #root: string;
  readonly #options: ReportOptions;
  /** Reports being written, by directory. Concurrent requests share one. */
  readonly #writing = new Map<string, Promise<string>>();

  constructor(root: string, options: ReportOptions) {
    this.#root = root;
    this.#options = options;
  }

  async answer(request: Request): Promise<Response> {
    const { hostname, pathname } = new URL(request.url);
    if (!HOSTS.has(hostname)) {
      return htmlPage(403, "Forbidden", "<p>Only this machine can read these pages.</p>");
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return htmlPage(405, "Method not allowed", "<p>Use GET or HEAD.</p>");
    }
    if (pathname === "/") return htmlPage(200, "Runs", this.#table());
    const [workload, name, ...rest] = pathname.slice(1).split("/").map(decoded);
    const run = runsIn(this.#root).find((each) => each.workload === workload && each.name === name);
    if (run === undefined || rest.join("/") !== "") {
      return htmlPage(404, "Run not found", '<p><a href="/">All runs</a></p>');
    }
    return await this.#report(run);
  }

  async #report({ directory }: ListedRun): Promise<Response> {
    try {
      const file = join(directory, REPORT_FILE);
      requireRegularFiles(directory);
      if (!existsSync(file) || isOlder(file, join(directory, "results.json"))) {
        await this.#write(directory);
      }
      return new Response(Bun.file(file), { headers: HEADERS });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return htmlPage(500, "Cannot show this report", `<p>${escapeHtml(reason)}</p>`);
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

  #table(): string {
    const runs = runsIn(this.#root);
    if (runs.length === 0) {
      return `<p>No runs in <code>${escapeHtml(this.#root)}</code> yet. Run <code>vortex test</code> to add one.</p>`;
    }
    const more = runs.length - MAX_LISTED;
    const rows = runs.slice(0, MAX_LISTED).map(rowOf).join("\n");
    return `<div class="scroll"><table>
<thead><tr><th>verdict<th>workload<th>started<th>nodes<th>rate<th>time limit<th>faults<th>seed</tr></thead>
<tbody>
${rows}
</tbody></table></div>${more > 0 ? `<p>${more} older runs are not listed.</p>` : ""}`;
  }
}

function rowOf({ workload, name, directory }: ListedRun): string {
  const verdict = verdictOf(directory);
  const address = `/${encodeURIComponent(workload)}/${encodeURIComponent(name)}/`;
  const cells = optionCells(directory).map((cell) => `<td>${escapeHtml(cell)}`);
  return `<tr class="${verdict}"><td><span>${verdict}</span><td><a href="${address}">${escapeHtml(workload)}</a><td>${escapeHtml(startedAt(name))}${cells.join("")}</tr>`;
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
