/** Writes the report of a stored run: reads the run's files and adds `report.html` to them. */
import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { LineReader, splitLines } from "../../../protocol/lines.ts";
import type { Operation } from "../../history/history.ts";
import type { StageTarget } from "../../stages/stages.ts";
import { readHistories } from "../../store/stored-history.ts";
import {
  readDescription,
  readEvent,
  readLogLine,
  readResults,
  type StoredDescription,
} from "../../store/stored-results.ts";
import { LIMITS, type Limits, RunRecorder } from "../recorder/run-recorder.ts";
import { pageHtml } from "./html.ts";
import { pageBundle } from "./page-bundle.ts";
import { summaryOf } from "./run-summary.ts";

export const REPORT_FILE = "report.html";

export interface ReportOptions {
  /**
   * Returns the targets of the run's stage; `undefined` if the run is not a stage. Those of a user's table
   * are stored with the run.
   */
  readonly targetOf?: (run: StoredDescription) => StageTarget | undefined;
  readonly limits?: Limits;
}

/**
 * Writes the report of a stored run atomically. Returns its path.
 *
 * @throws {Error} when the directory is not a run, or one of its files cannot be read.
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
  { targetOf, limits = LIMITS }: ReportOptions,
): Promise<string> {
  const description = await readPart(directory, "test.json", readDescription);
  if (description === undefined) throw new Error(`${directory} is not a run: it has no test.json`);
  const results = await readPart(directory, "results.json", readResults);
  const { workload, nodeIds, concurrency } = description.options;

  const crash = await readPart(directory, "crash.txt", (text) => text.trimEnd());

  // The files of an interrupted run may end within a line.
  const isCutShort = results === undefined;
  const history = await readHistory(join(directory, "history.jsonl"), isCutShort);
  const recorder = new RunRecorder({ workload, nodeIds, concurrency }, history, limits);
  const messages = join(directory, "messages.jsonl");
  const sentCount = await recordMessages(recorder, messages, isCutShort);
  const addLog = (line: string) => recorder.addLog(readLogLine(line));
  await readEntries(join(directory, "logs.jsonl"), isCutShort, addLog);
  const { startedAt } = description;
  const unstoredMessageCount = (results?.net.all?.sendCount ?? 0) - sentCount;
  const data = recorder.finish({
    ...summaryOf(description, results, {
      crash,
      target: description.target ?? targetOf?.(description),
    }),
    command: description.command,
    ...(description.shrunkFrom === undefined ? {} : { shrunkFrom: description.shrunkFrom }),
    ...(description.playground === undefined ? {} : { playground: description.playground }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(unstoredMessageCount > 0 ? { unstoredMessageCount } : {}),
  });
  const title = `${workload}${startedAt === undefined ? "" : ` ${startedAt}`} · Vortex`;
  return pageHtml(title, data, await pageBundle());
}

async function readHistory(file: string, isCutShort: boolean): Promise<Operation[]> {
  const history: Operation[] = [];
  try {
    for await (const stored of readHistories(readLines(file, isCutShort))) {
      for (const operation of stored.history) history.push(operation);
    }
  } catch (error) {
    throw brokenFile(file, error);
  }
  return history;
}

/** Records the stored messages. Returns how many were sent. */
async function recordMessages(
  recorder: RunRecorder,
  file: string,
  isCutShort: boolean,
): Promise<number> {
  let sentCount = 0;
  await readEntries(file, isCutShort, (line) => {
    const event = readEvent(line);
    if (event.type === "send") sentCount++;
    recorder.addMessage(event);
  });
  return sentCount;
}

/** Reads the entries of a file, one per line. There are none if the file does not exist. */
async function readEntries(
  file: string,
  isCutShort: boolean,
  onEntry: (line: string) => void,
): Promise<void> {
  let lineCount = 0;
  try {
    for await (const lines of readLines(file, isCutShort)) {
      for (const line of splitLines(lines)) {
        lineCount++;
        onEntry(line);
      }
    }
  } catch (error) {
    throw brokenFile(file, error, `line ${lineCount}: `);
  }
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
    `${file} cannot be read: ${place}${reason}. It was truncated or changed after the run, or is still being written`,
    { cause: error },
  );
}

/** Reads a file in chunks of whole lines. Drops an incomplete last line if `isCutShort`. */
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
