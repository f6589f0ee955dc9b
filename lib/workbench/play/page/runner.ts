/** Runs a program in workers, and ends those that do not return. */
import * as v from "valibot";
import type { Decisions } from "../../decisions.ts";
import type { TestOptions } from "../../run/test-options.ts";
import type { Problem, Reply, RunRequest, SourceFile } from "../engine/protocol.ts";
import { type SandboxedWorker, Stopped, type WorkerSource } from "../sandbox/sandboxed-worker.ts";
import { ReplySchema } from "./reply-schema.ts";

/** A program to load. */
export interface Loadable {
  readonly files: readonly SourceFile[];
  readonly exportName: string | undefined;
}

/** A test of it. */
export interface Runnable {
  readonly options: TestOptions;
  readonly args: readonly string[];
  readonly decisions: Decisions | undefined;
}

/** The end of a run. */
export type Ending =
  | Extract<Reply, { readonly type: "result" | "crash" }>
  | { readonly type: "problem"; readonly problem: Problem }
  /** The reader ended it. */
  | { readonly type: "stopped" };

/** Real time that a program has, in s. */
export interface Limits {
  /** To load: a loop at its top level is found sooner. */
  readonly loadS: number;
  /** For each run. */
  readonly runS: number;
}

const LIMITS: Limits = { loadS: 10, runS: 30 };

/** Passes a loaded program to a task, and closes it when the task has ended. */
export async function withProgram<T>(
  sandbox: WorkerSource,
  program: Loadable,
  signal: AbortSignal,
  task: (program: LoadedProgram) => Promise<T>,
): Promise<T> {
  const loaded = new LoadedProgram(sandbox, program, signal);
  try {
    return await task(loaded);
  } finally {
    loaded.close();
  }
}

/** A worker that has loaded a program. It runs until it is closed. */
export class LoadedProgram {
  readonly #sandbox: WorkerSource;
  readonly #program: Loadable;
  readonly #signal: AbortSignal;
  readonly #limits: Limits;
  #worker: SandboxedWorker | undefined;

  constructor(sandbox: WorkerSource, program: Loadable, signal: AbortSignal, limits = LIMITS) {
    this.#sandbox = sandbox;
    this.#program = program;
    this.#signal = signal;
    this.#limits = limits;
    signal.addEventListener("abort", () => this.close(), { once: true });
  }

  /** Runs a test, in the same worker as those before unless one did not end. */
  async run(
    test: Runnable,
    observed: Pick<RunRequest, "isRecorded" | "inspected">,
  ): Promise<Ending> {
    if (this.#signal.aborted) return { type: "stopped" };
    if (this.#worker === undefined) {
      this.#worker = this.#sandbox.start();
      const loaded = await this.#within(this.#limits.loadS, "was not loaded", {
        type: "load",
        files: this.#program.files,
        exportName: this.#program.exportName,
      });
      if (loaded.type !== "loaded") {
        this.close();
        return loaded;
      }
    }
    const ending = await this.#within(this.#limits.runS, "did not end its run", {
      type: "run",
      options: test.options,
      args: test.args,
      decisions: test.decisions,
      ...observed,
    });
    return ending.type === "loaded" ? this.#broken() : ending;
  }

  /** Ends the worker, whatever it is doing. */
  close(): void {
    this.#worker?.stop();
    this.#worker = undefined;
  }

  /** Ends a worker whose replies are not those of the engine. */
  #broken(): Extract<Ending, { readonly type: "crash" }> {
    this.close();
    return { type: "crash", text: "The program broke the worker that it runs in" };
  }

  async #within(
    limitS: number,
    what: string,
    request: Parameters<SandboxedWorker["request"]>[0],
  ): Promise<Reply | Extract<Ending, { readonly type: "stopped" }>> {
    const worker = this.#worker;
    if (worker === undefined) return { type: "stopped" };
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      worker.stop();
    }, limitS * 1000);
    try {
      const reply = await worker.request(request);
      return v.is(ReplySchema, reply) ? reply : this.#broken();
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      this.#worker = undefined;
      if (!isLate) return { type: "stopped" };
      return {
        type: "crash",
        text: `The program ${what} within ${limitS} s, and was ended. Look for a loop that does not end; or run less: a shorter time limit, a lower rate`,
      };
    } finally {
      clearTimeout(timer);
    }
  }
}
