/**
 * Serves the runs of a store: `/` lists them, `/compare` shows several side by side, and
 * `/<workload>/<time>/` is a run's report. Filters and orders of the list are in its address.
 *
 * Names in an address are compared with names of directories and never used as a path, so no address
 * leads outside the store. Links are not followed: only regular files are read. Requests under
 * another host's name are refused, since a web page could otherwise point its own name at this server
 * and read the responses (DNS rebinding).
 */
import { existsSync, lstatSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { escapeHtml } from "../html/html.ts";
import { REPORT_FILE, type ReportOptions, writeReport } from "../html/stored-run.ts";
import { HEADERS, htmlPage } from "./html-page.ts";
import { addressOf, type ListedRun, requireRegularFiles, runsIn } from "./listed-runs.ts";
import { comparison } from "./run-comparison.ts";
import { type RunRow, readRow } from "./run-rows.ts";
import { runTable } from "./run-table.ts";

const HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost"]);

export class RunList {
  readonly #root: string;
  readonly #options: ReportOptions;
  /** Reports being written, by directory. Concurrent requests share one. */
  readonly #writing = new Map<string, Promise<string>>();
  /** Rows of the list, by directory, until a file of the run changes. */
  readonly #rows = new Map<string, { readonly version: string; readonly row: RunRow }>();

  constructor(root: string, options: ReportOptions) {
    this.#root = root;
    this.#options = options;
  }

  async answer(request: Request): Promise<Response> {
    const { hostname, pathname, searchParams } = new URL(request.url);
    if (!HOSTS.has(hostname)) {
      return htmlPage(403, "Forbidden", "<p>Only this machine can read these pages.</p>");
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return htmlPage(405, "Method not allowed", "<p>Use GET or HEAD.</p>");
    }
    if (pathname === "/") return htmlPage(200, "Runs", this.#table(searchParams));
    if (pathname === "/compare") {
      return htmlPage(200, "Runs side by side", this.#comparison(searchParams.getAll("run")));
    }
    const path = pathname.slice(1).replace(/\/$/, "").split("/").map(decoded);
    const run = runsIn(this.#root).find((each) => Bun.deepEquals(each.path, path));
    if (run === undefined) {
      return htmlPage(404, "Run not found", '<p><a href="/">All runs</a></p>');
    }
    if (run.isMaelstroms) return this.#maelstromRun(run);
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
      return unreadable(error);
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

  #table(query: URLSearchParams): string {
    const runs = runsIn(this.#root);
    if (runs.length === 0) {
      return `<p>No runs in <code>${escapeHtml(this.#root)}</code> yet. Run <code>vortex test</code> to add one.</p>`;
    }
    return runTable(
      runs.map((run) => this.#row(run)),
      query,
    );
  }

  /** @param addresses Those of the runs to compare. */
  #comparison(addresses: readonly string[]): string {
    const runs = runsIn(this.#root);
    const chosen = addresses.flatMap((address) => {
      const run = runs.find((each) => addressOf(each) === address);
      return run === undefined ? [] : [this.#row(run)];
    });
    return comparison(chosen);
  }

  /** A run of Maelstrom: its figures, and the end of its output. */
  #maelstromRun(run: ListedRun): Response {
    try {
      requireRegularFiles(run.directory);
      const row = this.#row(run);
      const file = join(run.directory, "output.log");
      const output = existsSync(file) ? readFileSync(file, "utf8").slice(-MAX_OUTPUT_LENGTH) : "";
      const facts = [
        ...row.options,
        ...row.figures.map(([name, { text }]) => [name, text] as const),
      ];
      const lines = facts.map(
        ([name, value]) => `<tr><th scope="row">${escapeHtml(name)}<td>${escapeHtml(value)}</tr>`,
      );
      return htmlPage(
        200,
        `${row.workload} on Maelstrom`,
        `<p class="${row.verdict}"><span>${row.verdict}</span> <a href="/">All runs</a> · Maelstrom's own store is in <code>${escapeHtml(run.directory)}</code></p>
<table>${lines.join("")}</table>
<h2>End of its output</h2><pre>${escapeHtml(output)}</pre>`,
      );
    } catch (error) {
      return unreadable(error);
    }
  }

  #row(run: ListedRun): RunRow {
    const version = ["test.json", "results.json", "crash.txt"]
      .map((name) => lstatSync(join(run.directory, name), { throwIfNoEntry: false })?.mtimeMs)
      .join();
    const known = this.#rows.get(run.directory);
    // A run without results may change its state by itself: from running to crashed.
    if (known?.version === version && known.row.verdict !== "running") return known.row;
    const row = readRow(run);
    this.#rows.set(run.directory, { version, row });
    return row;
  }
}

/** Length of the end of Maelstrom's output that is shown. */
const MAX_OUTPUT_LENGTH = 20_000;

function unreadable(error: unknown): Response {
  const reason = error instanceof Error ? error.message : String(error);
  return htmlPage(500, "Cannot show this report", `<pre>${escapeHtml(reason)}</pre>`);
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
