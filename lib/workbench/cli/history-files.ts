/** Files of histories, plain or gzipped: what a run left, Maelstrom's too, and golden cases. */
import { existsSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { LineReader } from "../../protocol/lines.ts";
import { readHistories, readRunDescription, type StoredHistory } from "../store/stored-history.ts";

/** What the history of a run is called: here, and in Maelstrom's store. */
const HISTORY_FILES = ["history.jsonl", "history.edn", "history.jsonl.gz", "history.edn.gz"];

/** What else of a run may be named in its history's place. */
const RUN_FILES: ReadonlySet<string> = new Set(["results.json", "results.edn", "test.json"]);

/**
 * Reads the histories of a file; given a run's directory or its results, of the run.
 *
 * @throws {Error} when there is none, or it is broken; after the histories before.
 */
export async function* readHistoryFile(path: string): AsyncGenerator<StoredHistory> {
  const file = historyFile(path);
  for await (const stored of readHistories(readLines(file))) {
    const known = stored.workload === undefined ? { ...stored, ...(await runOf(file)) } : stored;
    // A run may have done nothing; any other file without a word has lost it.
    if (known.history.length === 0 && known.workload === undefined) {
      throw new Error("It holds no operations");
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
  if (isDirectory) throw new Error("There is no history in this directory");
  // Then it is no run's, whatever its name.
  return path;
}

/** What the run says about itself that left this history. */
async function runOf(history: string): Promise<Partial<StoredHistory> | undefined> {
  const file = join(dirname(history), "test.json");
  return existsSync(file) ? readRunDescription(await Bun.file(file).text()) : undefined;
}

function statsOf(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error("There is no such file");
  return stats;
}

/** The text of a file, in chunks of whole lines. */
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
  // What is read of a pipe does not come again.
  if (!statsOf(file).isFile()) return file.endsWith(".gz");
  const [first, second] = await Bun.file(file).slice(0, 2).bytes();
  return first === 0x1f && second === 0x8b;
}
