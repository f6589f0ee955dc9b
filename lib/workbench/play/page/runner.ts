/** Runs a program in workers, and ends those that do not return. */
import * as v from "valibot";
import type { Decisions } from "../../decisions.ts";
import type { TestOptions } from "../../run/test-options.ts";
import type { Problem, Reply, RunRequest, SourceFile } from "../engine/protocol.ts";
import { type Sandbox, type SandboxedWorker, Stopped } from "../sandbox/sandbox.ts";
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

/** Real time that a program has for one run, in s. */
export const RUN_LIMIT_S = 30;
/** Real time to load a program: a loop at its top level is found sooner. */
const LOAD_LIMIT_S = 10;

/** A worker that has loaded a program. */
export class LoadedProgram {
  readonly #sandbox: Sandbox;
  readonly #program: Loadable;
  readonly #signal: AbortSignal;
  #worker: SandboxedWorker | undefined;

  constructor(sandbox: Sandbox, program: Loadable, signal: AbortSignal) {
    this.#sandbox = sandbox;
    this.#program = program;
    this.#signal = signal;
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
      const loaded = await this.#within(LOAD_LIMIT_S, "was not loaded", {
        type: "load",
        files: this.#program.files,
        exportName: this.#program.exportName,
      });
      if (loaded.type !== "loaded") {
        this.close();
        return loaded;
      }
    }
    const ending = await this.#within(RUN_LIMIT_S, "did not end its run", {
      type: "run",
      options: test.options,
      args: test.args,
      decisions: test.decisions,
      ...observed,
    });
    if (ending.type !== "loaded") return ending;
    throw new Error("The worker answered another request");
  }

  close(): void {
    this.#worker?.stop();
    this.#worker = undefined;
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
      if (v.is(ReplySchema, reply)) return reply;
      return { type: "crash", text: "The program broke the worker that it runs in" };
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
