/** A stored run's page: reads what the run left, and leaves `report.html` beside it. */
import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { LineReader, splitLines } from "../../../protocol/lines.ts";
import type { Operation } from "../../history/history.ts";
import type { Target } from "../../stages/stages.ts";
import { readHistories } from "../../store/stored-history.ts";
import {
  readDescription,
  readEvent,
  readResults,
  type StoredDescription,
  type StoredResults,
} from "../../store/stored-results.ts";
import type { Gauge } from "../recorder/run-data.ts";
import { type FindingEntry, LIMITS, type Limits, RunRecorder } from "../recorder/run-recorder.ts";
import { verdictSentence } from "../terminal/verdict-sentence.ts";
import { pageHtml } from "./html.ts";
import { pageBundle } from "./page-bundle.ts";

export const REPORT_FILE = "report.html";

export interface ReportOptions {
  /** Why the run ended without results, where that is known. */
  readonly crash?: string;
  /** What a run like this should reach, if it is a stage. */
  readonly targetOf?: (run: StoredDescription) => Target | undefined;
  readonly limits?: Limits;
}

/**
 * Writes the page of a stored run, whole or not at all; returns where it is.
 *
 * @throws {Error} when the directory holds no run, or a broken one.
 */
export async function writeReport(directory: string, options: ReportOptions = {}): Promise<string> {
  const file = join(directory, REPORT_FILE);
  const partial = `${file}.${process.pid}.partial`;
  const html = await readReport(directory, options);
  try {
    await Bun.write(partial, html);
    renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
  return file;
}

async function readReport(
  directory: string,
  { crash, targetOf, limits = LIMITS }: ReportOptions,
): Promise<string> {
  const description = await readPart(directory, "test.json", readDescription);
  if (description === undefined) throw new Error(`${directory} holds no run: it has no test.json`);
  const results = await readPart(directory, "results.json", readResults);
  const { workload, nodeIds, concurrency, seed } = description.options;

  const history: Operation[] = [];
  // A run that was cut short may end in the midst of a line.
  const isCutShort = results === undefined;
  const operations = join(directory, "history.jsonl");
  try {
    for await (const stored of readHistories(readLines(operations, isCutShort))) {
      for (const operation of stored.history) history.push(operation);
    }
  } catch (error) {
    throw brokenFile(operations, error);
  }
  const recorder = new RunRecorder({ workload, nodeIds, concurrency }, history, limits);
  const messages = join(directory, "messages.jsonl");
  let lineCount = 0;
  let sentCount = 0;
  try {
    for await (const lines of readLines(messages, isCutShort)) {
      for (const line of splitLines(lines)) {
        lineCount++;
        const event = readEvent(line);
        if (event.type === "send") sentCount++;
        recorder.addMessage(event);
      }
    }
  } catch (error) {
    throw brokenFile(messages, error, `line ${lineCount}: `);
  }
  const { startedAt } = description;
  const unstoredMessageCount = (results?.net.all?.sendCount ?? 0) - sentCount;
  const data = recorder.finish({
    workload,
    command: description.command,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(unstoredMessageCount > 0 ? { unstoredMessageCount } : {}),
    seed,
    options: optionsOf(description),
    valid: results?.valid ?? "crashed",
    verdict: verdictSentence(workload, results, crash),
    gauges: results === undefined ? [] : gaugesOf(description, results, targetOf),
    findings: (results?.findings ?? []).filter((finding) => !isHarmless(workload, finding)),
    remarks: results === undefined ? [] : remarksOf(workload, results),
  });
  const title = `${workload}${startedAt === undefined ? "" : ` ${startedAt}`} · Vortex`;
  return pageHtml(title, data, await pageBundle());
}

async function readPart<T>(
  directory: string,
  name: string,
  read: (text: string) => T,
): Promise<T | undefined> {
  const file = join(directory, name);
  if (!existsSync(file)) return undefined;
  try {
    return read(await Bun.file(file).text());
  } catch (error) {
    throw brokenFile(file, error);
  }
}

function brokenFile(file: string, error: unknown, place = ""): Error {
  const reason = error instanceof Error ? error.message : error;
  return new Error(
    `${file} cannot be read: ${place}${reason}. It was cut or changed after the run, or is being written`,
    { cause: error },
  );
}

/** The text of a file, in chunks of whole lines; without a last one that has no end, if so wanted. */
async function* readLines(file: string, isCutShort: boolean): AsyncGenerator<string> {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return;
  const reader = new LineReader();
  for await (const chunk of Bun.file(file).stream()) {
    const lines = reader.push(chunk);
    if (lines !== "") yield lines;
  }
  const rest = reader.end();
  if (rest !== "" && !isCutShort) yield rest;
}

function optionsOf({ options }: StoredDescription): [string, string][] {
  const { nodeIds, concurrency, rate, timeLimitS, latency, nemesis, topology, workload } = options;
  const { meanMs, distribution } = latency;
  return [
    ["nodes", String(nodeIds.length)],
    ["clients", String(concurrency)],
    ["rate", `${rate}/s`],
    ["length", `${timeLimitS} s`],
    ["latency", meanMs === 0 ? "none" : `${meanMs} ms, ${distribution}`],
    ["faults", nemesis.join(", ") || "none"],
    ...(workload === "broadcast" ? ([["topology", topology]] satisfies [string, string][]) : []),
    ...(workload.startsWith("txn")
      ? ([["models", options.consistencyModels.join(", ")]] satisfies [string, string][])
      : []),
  ];
}

function gaugesOf(
  description: StoredDescription,
  { net, perf, workload, availability }: StoredResults,
  targetOf: ReportOptions["targetOf"],
): Gauge[] {
  const { options } = description;
  const target = targetOf?.(description) ?? {};
  const stable = workload?.stableLatencies;
  const latencies = stable ?? perf.latencies["all"];
  const which =
    stable === undefined
      ? "from invocation to ok"
      : "stable latency: from the acknowledgement of a value until every read has it";
  const wanted = options.availability === "total" ? 1 : options.availability;
  const gauge = (
    name: string,
    value: number | undefined,
    unit: string,
    mustBe: Gauge["mustBe"],
    bound: number | undefined,
    explanation: string,
  ): Gauge => ({
    name,
    unit,
    mustBe,
    explanation,
    ...(value === undefined ? {} : { value }),
    ...(bound === undefined ? {} : { target: bound }),
  });
  const most = "at most";
  const { msgsPerOp } = net.servers;
  const part = availability?.okFraction;
  return [
    gauge("Messages per operation", msgsPerOp, "", most, target.msgsPerOp, "between servers"),
    gauge("Median latency", latencies?.["0.5"], "ms", most, target.medianMs, which),
    gauge("Maximum latency", latencies?.["1"], "ms", most, target.maxMs, which),
    gauge(
      ...(["Availability", part === undefined ? undefined : part * 100, "%", "at least"] as const),
      wanted === undefined ? undefined : wanted * 100,
      "operations that ended as ok",
    ),
  ];
}

/** What a checker of sets tells though it makes no run invalid. */
const HARMLESS: ReadonlySet<string> = new Set(["stale", "unexpected", "duplicated"]);

function isHarmless(workload: string, { anomaly }: FindingEntry): boolean {
  return (workload === "broadcast" || workload === "g-set") && HARMLESS.has(anomaly);
}

function remarksOf(
  workload: string,
  { findings, exceptions, badLines }: StoredResults,
): FindingEntry[] {
  return [
    ...findings.filter((finding) => isHarmless(workload, finding)),
    ...(exceptions?.explanation ?? []),
    ...badLines.map(({ node, line, reason }) => ({
      anomaly: "bad line",
      sentence: `${node} printed a line that is no message (${reason}), and was not heard any more: ${line}`,
      operations: [],
    })),
  ];
}
