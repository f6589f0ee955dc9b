/**
 * Stores a run in `<root>/<workload>/<time>/` and links to it as the latest. See `docs/store.md` for
 * the files and their fields.
 *
 * All writes are synchronous, in blocks of 64 kB that take about 30 µs. So a slow disk slows the run
 * down instead of filling memory, and whatever ends this process keeps what was recorded before.
 *
 * @see Jepsen, `store.clj`
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type NodeId, stringifyJson } from "../../vortex/index.ts";
import type { Operation } from "../history/history.ts";
import type { JournalEvent } from "../network/journal.ts";
import type { LogLine } from "../run/log-line.ts";
import type { TestResult } from "../run/results.ts";
import type { TestOptions } from "../run/test-options.ts";
import { describeResourceError } from "../system-error.ts";
import type { Target } from "../workloads/stage.ts";
import { fileNames } from "./file-names.ts";
import { layOutJson, storable } from "./json-layout.ts";
import { LineFile } from "./line-file.ts";
import { linkRun, makeRunDirectory } from "./run-directory.ts";

/** Content of `test.json`: everything to repeat the run. */
export interface RunDescription {
  /** Shell command. */
  readonly command: string;
  /** Absolute path of the program. */
  readonly bin: string;
  /** The program's arguments. */
  readonly args: readonly string[];
  /** Bounds of its figures, if it is a row of a user's table of stages, at its full length. */
  readonly target?: Target;
  /** `workloadFile` stands for the definition, which is code. */
  readonly options: Omit<TestOptions, "definition">;
  /** Shell command of the test that was reduced to this one. */
  readonly shrunkFrom?: string;
  /** Address that opens the run in the playground, if that can repeat it. */
  readonly playground?: string;
}

export interface RunStoreOptions {
  /** Directory of all runs; created if it does not exist. */
  readonly root: string;
  readonly run: RunDescription & { readonly options: TestOptions };
  /** Called with the first error that leaves the stored run incomplete. */
  readonly onProblem: (problem: StoreError) => void;
  /** Called when a file reaches its limit. */
  readonly onRemark?: (text: string) => void;
  readonly limits?: StoreLimits;
}

/** Maximum sizes of files, in bytes: the output of nodes is unbounded. */
export interface StoreLimits {
  /** Of each node's log. Later lines are left out. */
  readonly maxLogBytes: number;
  /** Of `logs.jsonl`, which repeats the lines of all nodes, with their times. Later ones are left out. */
  readonly maxTimedLogBytes: number;
  /** Of the messages, and of the history. Later messages are left out; a longer history is an error. */
  readonly maxRecordBytes: number;
}

const STORE_LIMITS: StoreLimits = {
  maxLogBytes: 64e6,
  maxTimedLogBytes: 16e6,
  maxRecordBytes: 1e9,
};

/** The run cannot be stored: the disk is full, for example, or not writable. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/** How long a record waits at most for its block to fill, in ms. */
const FLUSH_INTERVAL_MS = 500;

/** The open files of one run. */
export class RunStore {
  /** The run's directory. Relative if the root is. */
  readonly directory: string;
  readonly #onProblem: (problem: StoreError) => void;
  readonly #files: readonly LineFile[];
  readonly #history: LineFile;
  readonly #messages: LineFile;
  readonly #timedLogs: LineFile;
  readonly #logs: ReadonlyMap<NodeId, LineFile>;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #flush = () => {
    for (const file of this.#files) this.#attempt(() => file.flush());
  };
  #problem: StoreError | undefined;
  #isClosed = false;

  /**
   * Creates the run's directory and its files.
   *
   * @throws {StoreError} if that fails. No file stays open then.
   */
  constructor({ root, run, onProblem, onRemark, limits = STORE_LIMITS }: RunStoreOptions) {
    const { definition: _, ...options } = run.options;
    const { workload, nodeIds } = options;
    const { maxLogBytes, maxTimedLogBytes, maxRecordBytes } = limits;
    const files: LineFile[] = [];
    const open = (name: string, maxBytes: number, onFull: (text: string) => void) => {
      const file = new LineFile(join(this.directory, name), maxBytes, onFull);
      files.push(file);
      return file;
    };
    const remark = (text: string) => onRemark?.(`${text}: later lines are left out`);
    this.#onProblem = onProblem;
    this.#files = files;
    try {
      const { directory, startedAt } = makeRunDirectory(join(root, workload));
      this.directory = directory;
      mkdirSync(join(directory, "node-logs"));
      writeFileSync(
        join(directory, "test.json"),
        `${layOutJson({ ...run, options, startedAt })}\n`,
      );
      this.#history = open("history.jsonl", maxRecordBytes, (text) => {
        throw new Error(text);
      });
      this.#messages = open("messages.jsonl", maxRecordBytes, remark);
      this.#timedLogs = open("logs.jsonl", maxTimedLogBytes, remark);
      this.#logs = new Map(
        [...fileNames(nodeIds)].map(([node, name]) => [
          node,
          open(join("node-logs", `${name}.log`), maxLogBytes, remark),
        ]),
      );
    } catch (error) {
      for (const file of files) file.close();
      throw new StoreError(`Cannot store runs in ${root}: ${reasonOf(error)}`, { cause: error });
    }
    this.#timer = setInterval(this.#flush, FLUSH_INTERVAL_MS);
    this.#timer.unref();
    process.on("exit", this.#flush);
    this.#link(join(root, "latest"));
    this.#link(join(root, workload, "latest"));
  }

  /** The first error that left the stored run incomplete, if any. */
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

  /** Adds a line of a node's stderr: to the node's log, and to that of all nodes. */
  addLog(line: LogLine): void {
    this.#attempt(() => {
      this.#logs.get(line.node)?.add(line.line);
      this.#timedLogs.add(stringifyJson(line));
    });
  }

  /**
   * Writes the results atomically: the file is complete or absent. The checker of a user's workload may
   * add fields of any type.
   */
  addResults(results: TestResult): void {
    this.#attempt(() => {
      const file = join(this.directory, "results.json");
      const partial = `${file}.partial`;
      try {
        writeFileSync(partial, `${layOutJson(storable(results))}\n`);
        renameSync(partial, file);
      } finally {
        rmSync(partial, { force: true });
      }
    });
  }

  /** Adds why the run has no results. */
  addCrash(reason: string): void {
    this.#attempt(() => writeFileSync(join(this.directory, "crash.txt"), `${reason}\n`));
  }

  /** Flushes and closes the files. Can be called twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    process.off("exit", this.#flush);
    this.#flush();
    for (const file of this.#files) this.#attempt(() => file.close());
  }

  /** Reports a failure and continues: not every file system has links. */
  #link(path: string): void {
    try {
      linkRun(path, this.directory);
    } catch (error) {
      this.#onProblem(new StoreError(`Cannot link ${path}: ${reasonOf(error)}`, { cause: error }));
    }
  }

  /** Reports the first failure and continues, as the test still needs its verdict. */
  #attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      if (this.#problem !== undefined) return;
      this.#problem = new StoreError(`Cannot store the whole run: ${reasonOf(error)}`, {
        cause: error,
      });
      this.#onProblem(this.#problem);
    }
  }
}

/** Prints an entry, without the part that a node nested too deep to print. */
function lineOf(entry: object, withoutDeepPart: () => object): string {
  try {
    return stringifyJson(entry);
  } catch (error) {
    return stringifyJson({ ...withoutDeepPart(), unprintable: reasonOf(error) });
  }
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const advice = describeResourceError(error);
  return advice === undefined ? message : `${message}: ${advice}`;
}
