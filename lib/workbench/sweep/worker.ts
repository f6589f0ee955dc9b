/**
 * A worker: another process of this command, which reads tasks from stdin and prints one outcome per
 * task.
 */
import { writeSync } from "node:fs";
import * as v from "valibot";
import { LineReader, splitLines } from "../../protocol/lines.ts";
import { stringifyJson } from "../../vortex/index.ts";
import { selfCommand } from "./self.ts";
import { GRACE_MS, Watch } from "./supervisor.ts";
import { type Death, Task, WorkerOutcome } from "./task.ts";

export interface WorkerProcessOptions {
  /** Words of the command after `sim --worker`. */
  readonly args: readonly string[];
  /** Maximum real time of one event, in seconds. */
  readonly stallLimitS: number;
  /** By default, those of this process. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The line that a worker prints while a simulation makes progress. */
const PROGRESS = ".";
/** Length of what is shown of a line that is not an outcome, in characters. */
const MAX_SHOWN = 200;

export class WorkerProcess {
  readonly #limitS: number;
  readonly #child;
  readonly #lines: AsyncGenerator<string, void>;

  constructor({ args, stallLimitS, cwd = process.cwd(), env = process.env }: WorkerProcessOptions) {
    this.#limitS = stallLimitS;
    this.#child = Bun.spawn([...selfCommand(), "sim", "--worker", ...args], {
      ...{ cwd, env },
      ...{ stdin: "pipe", stdout: "pipe", stderr: "inherit" },
    });
    this.#lines = linesOf(this.#child.stdout);
  }

  /** Name of the signal that ended the process, if one did. */
  get signal(): string | undefined {
    const { signalCode } = this.#child;
    return signalCode === null ? undefined : String(signalCode);
  }

  /** Carries out a task. Resolves with its outcome, or with how the worker died. */
  async run(task: Task): Promise<WorkerOutcome | Death> {
    try {
      this.#child.stdin.write(`${JSON.stringify(task)}\n`);
      await this.#child.stdin.flush();
    } catch {
      // EPIPE: the worker has exited, so its stdout ends too.
    }
    const line = await this.#nextOutcome();
    if (line === undefined) {
      this.kill();
      return {
        death: `A node has not returned for ${this.#limitS} s from a call that blocks, such as to wait for a process or a file`,
      };
    }
    if (line !== "") {
      const outcome = outcomeIn(line);
      if (outcome === undefined) {
        this.kill();
        return {
          death: `The program wrote to file descriptor 1, where its outcome is expected: "${line.slice(0, MAX_SHOWN)}". Print with console.log, or to stderr`,
        };
      }
      if (outcome.stall !== undefined) return { death: outcome.stall };
      return outcome;
    }
    const exitCode = await this.#child.exited;
    const status = this.signal === undefined ? `exit code ${exitCode}` : `signal ${this.signal}`;
    return { death: `The process that simulated this seed died (${status})` };
  }

  /** Returns the next outcome, "" if the worker has died, `undefined` if it makes no progress. */
  async #nextOutcome(): Promise<string | undefined> {
    const watch = new Watch();
    const stalled = new Promise<undefined>((resolve) => {
      watch.start(() => {
        if (watch.elapsedMs > this.#limitS * 1000 + GRACE_MS) resolve(undefined);
      });
    });
    try {
      for (;;) {
        const next = await Promise.race([this.#lines.next(), stalled]);
        if (next === undefined) return undefined;
        if (next.done) return "";
        if (next.value !== PROGRESS) return next.value;
        watch.restart();
      }
    } finally {
      watch.stop();
    }
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

function outcomeIn(line: string): WorkerOutcome | undefined {
  try {
    return v.parse(WorkerOutcome, JSON.parse(line));
  } catch {
    return undefined; // Not of this command.
  }
}

/** Reports to the process that started this worker that its simulation makes progress. */
export function reportWorkerProgress(): void {
  writeSync(1, `${PROGRESS}\n`);
}

/** Carries out each task that arrives on stdin and prints its outcome, until stdin ends. */
export async function serveTasks(run: (task: Task) => Promise<WorkerOutcome>): Promise<void> {
  for await (const line of linesOf(Bun.stdin.stream())) {
    const outcome = await run(v.parse(Task, JSON.parse(line)));
    await Bun.write(Bun.stdout, `${stringifyJson(outcome)}\n`);
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const lines = new LineReader();
  for await (const chunk of stream) yield* splitLines(lines.push(chunk));
  yield* splitLines(lines.end());
}
