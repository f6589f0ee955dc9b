/** Reads files of histories, plain or gzipped: runs, Maelstrom's runs, and cases of a corpus. */
import { existsSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { LineReader } from "../../protocol/lines.ts";
import { readHistories, readRunDescription, type StoredHistory } from "../store/stored-history.ts";

/** File names of histories, here and in Maelstrom's store. */
const HISTORY_FILES = ["history.jsonl", "history.edn", "history.jsonl.gz", "history.edn.gz"];

/** Other files of a run that stand for its history. */
const RUN_FILES: ReadonlySet<string> = new Set(["results.json", "results.edn", "test.json"]);

/**
 * Reads the histories of a file, or of the run that a directory or a results file belongs to.
 *
 * @throws {Error} at a missing or broken history, after yielding the ones before it.
 */
export async function* readHistoryFile(path: string): AsyncGenerator<StoredHistory> {
  const file = historyFile(path);
  for await (const stored of readHistories(readLines(file))) {
    const known = stored.workload === undefined ? { ...stored, ...(await runOf(file)) } : stored;
    // Only a run can be empty.
    if (known.history.length === 0 && known.workload === undefined) {
      throw new Error("the file has no operations");
    }
    yield known;
  }
}

function historyFile(path: string): string {
  const isDirectory = statsOf(path).isDirectory();
  if (!isDirectory && !RUN_FILES.has(basename(path))) return path;
  const directory = isDirectory ? path : dirname(path);
  const name = HISTORY_FILES.find((candidate) => existsSync(join(directory, candidate)));
  if (name !== undefined) return join(directory, name);
  if (isDirectory) throw new Error("the directory has no history");
  // Then the file is not part of a run, despite its name.
  return path;
}

/** Reads the description of the run that a history belongs to. */
async function runOf(history: string): Promise<Partial<StoredHistory> | undefined> {
  const file = join(dirname(history), "test.json");
  return existsSync(file) ? readRunDescription(await Bun.file(file).text()) : undefined;
}

function statsOf(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error("file not found");
  return stats;
}

/** Yields the text of a file in chunks of whole lines. */
async function* readLines(file: string): AsyncGenerator<string> {
  const bytes = Bun.file(file).stream();
  const stream = (await isGzip(file)) ? bytes.pipeThrough(new DecompressionStream("gzip")) : bytes;
  const reader = new LineReader();
  for await (const chunk of stream) {
    const lines = reader.push(chunk);
    if (lines !== "") yield lines;
  }
  const rest = reader.end();
  if (rest !== "") yield rest;
}

async function isGzip(file: string): Promise<boolean> {
  // A pipe cannot be read twice.
  if (!statsOf(file).isFile()) return file.endsWith(".gz");
  const [first, second] = await Bun.file(file).slice(0, 2).bytes();
  return first === 0x1f && second === 0x8b;
}
