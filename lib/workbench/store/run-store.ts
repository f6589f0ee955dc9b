/**
 * What a run leaves on disk: `<root>/<workload>/<time>/`, and links to the latest. The only writer
 * of files. `docs/store.md` describes each of them, field by field.
 *
 * Everything is written synchronously, in blocks. That is the back-pressure: what the disk does not
 * take has to wait, and holds up the run, rather than pile up in memory; and whatever ends this
 * process, what was recorded before is kept. A block of 64 kB takes some 30 microseconds.
 *
 * @see Jepsen, `store.clj`
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { type NodeId, stringifyJson } from "../../vortex/index.ts";
import { fileNames } from "./file-names.ts";
import type { Operation } from "../history/history.ts";
import type { JournalEvent } from "../network/journal.ts";
import { layOutJson } from "./json-layout.ts";
import type { TestResult } from "../run/results.ts";
import type { TestOptions } from "../run/test-options.ts";

/** What to know of a run to repeat it: its `test.json`. */
export interface RunDescription {
  /** For a shell. */
  readonly command: string;
  /** Absolute path of the program, and its arguments. */
  readonly bin: string;
  readonly args: readonly string[];
  readonly options: TestOptions;
}

export interface RunStoreOptions {
  /** Where the runs of all workloads are kept: made if it is not there. */
  readonly root: string;
  readonly run: RunDescription;
  /** Called with the first error that keeps something from being stored. */
  readonly onProblem: (problem: StoreError) => void;
  /** Called when a file has become as long as it may. */
  readonly onRemark?: (text: string) => void;
  readonly limits?: StoreLimits;
}

/** How long files may become, in bytes: what nodes print has no end of itself. */
export interface StoreLimits {
  /** Of each node's log; what comes later is left out. */
  readonly maxLogBytes: number;
  /** Of the messages, which are left out later; and of the history, without which a run is not whole. */
  readonly maxRecordBytes: number;
}

export const STORE_LIMITS: StoreLimits = { maxLogBytes: 64e6, maxRecordBytes: 1e9 };

/** Something could not be stored: a full disk, or one that may not be written to. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/** How long a record may wait to be written, in ms, if no full block comes first. */
const FLUSH_INTERVAL_MS = 500;

/** The files of one run while it lasts. */
export class RunStore {
  /** Where they are, relative if the root is. */
  readonly directory: string;
  readonly #onProblem: (problem: StoreError) => void;
  readonly #history: LineFile;
  readonly #messages: LineFile;
  readonly #logs: ReadonlyMap<NodeId, LineFile>;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #flush = () => {
    for (const file of this.#files()) this.#attempt(() => file.flush());
  };
  #problem: StoreError | undefined;
  #isClosed = false;

  /**
   * Makes the directory of a run and the files in it.
   *
   * @throws {StoreError} when that is not possible.
   */
  constructor({ root, run, onProblem, onRemark, limits = STORE_LIMITS }: RunStoreOptions) {
    const { workload, nodeIds } = run.options;
    const startedAt = new Date();
    this.#onProblem = onProblem;
    try {
      this.directory = makeDirectory(join(root, workload), timeText(startedAt));
      mkdirSync(join(this.directory, "node-logs"));
      const description = { ...run, startedAt: startedAt.toISOString() };
      writeFileSync(join(this.directory, "test.json"), `${layOutJson(description)}\n`);
      const { maxLogBytes, maxRecordBytes } = limits;
      this.#history = new LineFile(
        join(this.directory, "history.jsonl"),
        maxRecordBytes,
        (text) => {
          throw new Error(text);
        },
      );
      const tell = (text: string) => onRemark?.(`${text}: what comes later is left out`);
      this.#messages = new LineFile(join(this.directory, "messages.jsonl"), maxRecordBytes, tell);
      const logs = join(this.directory, "node-logs");
      this.#logs = new Map(
        [...fileNames(nodeIds)].map(([node, name]) => [
          node,
          new LineFile(join(logs, `${name}.log`), maxLogBytes, tell),
        ]),
      );
    } catch (error) {
      throw new StoreError(`Cannot store runs in ${root}: ${reasonOf(error)}`, { cause: error });
    }
    this.#timer = setInterval(this.#flush, FLUSH_INTERVAL_MS);
    this.#timer.unref();
    process.on("exit", this.#flush);
    this.#link(root);
    this.#link(join(root, workload));
  }

  /** The first error that kept something from being stored, if there was one. */
  get problem(): StoreError | undefined {
    return this.#problem;
  }

  addOperation(operation: Operation): void {
    this.#attempt(() => {
      this.#history.add(lineOf(operation, () => ({ ...operation, value: null })));
    });
  }

  addMessage(event: JournalEvent): void {
    const { message } = event;
    this.#attempt(() => {
      this.#messages.add(lineOf(event, () => ({ ...event, message: { ...message, body: null } })));
    });
  }

  /** Adds a line that a node printed to stderr. */
  addLog(node: NodeId, line: string): void {
    this.#attempt(() => this.#logs.get(node)?.add(line));
  }

  /** Writes the results: they are there as a whole, or not at all. */
  addResults(results: TestResult): void {
    this.#attempt(() => {
      const file = join(this.directory, "results.json");
      const partial = `${file}.partial`;
      try {
        writeFileSync(partial, `${layOutJson(results)}\n`);
        renameSync(partial, file);
      } finally {
        rmSync(partial, { force: true });
      }
    });
  }

  /** Writes what is left, and closes the files; a second time it does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    process.off("exit", this.#flush);
    this.#flush();
    for (const file of this.#files()) this.#attempt(() => file.close());
  }

  /** Links are a convenience, and not every file system has them. */
  #link(parent: string): void {
    const path = join(parent, "latest");
    try {
      link(path, this.directory);
    } catch (error) {
      this.#onProblem(new StoreError(`Cannot link ${path}: ${reasonOf(error)}`, { cause: error }));
    }
  }

  #files(): readonly LineFile[] {
    return [this.#history, this.#messages, ...this.#logs.values()];
  }

  /** Storing must not cost the test its verdict: what goes wrong is told, and no more than once. */
  #attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      if (this.#problem !== undefined) return;
      this.#problem = new StoreError(`Cannot store all of the run: ${reasonOf(error)}`, {
        cause: error,
      });
      this.#onProblem(this.#problem);
    }
  }
}

const BLOCK_LENGTH = 65_536;

/** A file to which lines are added; one that failed, or that is full, takes no more. */
class LineFile {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #maxBytes: number;
  readonly #onFull: (text: string) => void;
  #pending = "";
  #writtenBytes = 0;
  #hasFailed = false;

  /** @param onFull Called once, when a line finds no room. */
  constructor(path: string, maxBytes: number, onFull: (text: string) => void) {
    this.#path = path;
    this.#descriptor = openSync(path, "wx");
    this.#maxBytes = maxBytes;
    this.#onFull = onFull;
  }

  add(line: string): void {
    if (this.#hasFailed) return;
    // A character may take more than a byte, so that the limit is passed by a block at most.
    if (this.#writtenBytes + this.#pending.length + line.length >= this.#maxBytes) {
      this.flush();
      this.#hasFailed = true;
      this.#onFull(`${this.#path} has ${this.#maxBytes / 1e6} MB, which is as much as it may have`);
      return;
    }
    this.#pending += `${line}\n`;
    if (this.#pending.length >= BLOCK_LENGTH) this.flush();
  }

  flush(): void {
    if (this.#hasFailed || this.#pending === "") return;
    const bytes = Buffer.from(this.#pending);
    this.#pending = "";
    this.#writtenBytes += bytes.length;
    try {
      // A disk that is nearly full takes a part without a complaint.
      for (let start = 0; start < bytes.length; ) {
        start += writeSync(this.#descriptor, bytes, start);
      }
    } catch (error) {
      this.#hasFailed = true;
      throw new Error(`${this.#path}: ${reasonOf(error)}`, { cause: error });
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** An entry as one line; without a part that a node has nested too deep to be printed. */
function lineOf(entry: object, withoutDepth: () => object): string {
  try {
    return stringifyJson(entry);
  } catch (error) {
    return stringifyJson({ ...withoutDepth(), unprintable: reasonOf(error) });
  }
}

/** Makes a directory that nobody else has: two runs may begin in the same millisecond. */
function makeDirectory(parent: string, name: string): string {
  mkdirSync(parent, { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const directory = join(parent, attempt === 1 ? name : `${name}-${attempt}`);
    try {
      mkdirSync(directory);
      return directory;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }
}

/** Lets a link lead to a run, in place of any former one. */
function link(path: string, directory: string): void {
  if (process.platform === "win32") {
    // Needs no rights there, but an absolute path; and it cannot be replaced in one step.
    rmSync(path, { force: true });
    symlinkSync(resolve(directory), path, "junction");
    return;
  }
  const fresh = `${path}.${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(relative(dirname(path), directory), fresh);
  try {
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh);
    throw error;
  }
}

/** The local time and its distance from UTC, as Maelstrom has it: `20260501T103000.123+0200`. */
function timeText(time: Date): string {
  const offsetMin = -time.getTimezoneOffset();
  const local = new Date(time.getTime() + offsetMin * 60_000).toISOString();
  const sign = offsetMin < 0 ? "-" : "+";
  const hours = String(Math.floor(Math.abs(offsetMin) / 60)).padStart(2, "0");
  const minutes = String(Math.abs(offsetMin) % 60).padStart(2, "0");
  return `${local.slice(0, -1).replace(/[-:]/g, "")}${sign}${hours}${minutes}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
