/**
 * Runs many seeds on all cores. Each worker is another process of this command: it reads tasks from
 * stdin and prints one outcome per task.
 */
import { writeSync } from "node:fs";
import * as v from "valibot";
import { LineReader, splitLines } from "../../protocol/lines.ts";
import { stringifyJson } from "../../vortex/index.ts";
import { Outcome } from "./outcome.ts";
import { selfCommand } from "./self.ts";
import { GRACE_MS, Watch } from "./supervisor.ts";

/** A run for a worker: a seed, or what a campaign says beside it. */
export const Task = v.object({
  seed: v.number(),
  /** Name of the run in the corpus. */
  name: v.exactOptional(v.string()),
  /** Name of the run in the corpus that it varies. */
  base: v.exactOptional(v.string()),
  /** Whether the run of this name failed before, and is run again. */
  hasFailed: v.exactOptional(v.boolean()),
});
export type Task = v.InferOutput<typeof Task>;

export interface SweepOptions {
  /** Number of workers. */
  readonly jobs: number;
  /** Maximum real time of one event, in seconds. */
  readonly stallLimitS: number;
  readonly signal: AbortSignal;
  /** Number of seeds without the verdict "valid" that ends the sweep. */
  readonly stopAfter: number;
  /** @param features What was new in the run for its worker; of a campaign. */
  readonly onOutcome: (outcome: Outcome, task: Task, features?: readonly string[]) => void;
  /** Makes the outcome of a run whose worker died. */
  readonly outcomeOfDeath: (task: Task, reason: string) => Outcome;
}

/**
 * Runs the tasks and resolves with their outcomes, in no particular order.
 *
 * A worker that dies ends the sweep: its run gets the outcome of a crash, the other workers are
 * killed, and the outcomes so far are returned.
 *
 * @throws the reason of `signal` once it is aborted.
 */
export async function sweep(
  tasks: Iterator<Task>,
  { jobs, stallLimitS, signal, stopAfter, onOutcome, outcomeOfDeath }: SweepOptions,
): Promise<Outcome[]> {
  signal.throwIfAborted();
  const outcomes: Outcome[] = [];
  let failureCount = 0;
  let isStopped = false;
  const workers = Array.from({ length: jobs }, () => new Worker(stallLimitS));
  const stop = () => {
    isStopped = true;
    for (const worker of workers) worker.kill();
  };
  const add = (outcome: Outcome, task: Task, features?: readonly string[]) => {
    outcomes.push(outcome);
    if (outcome.valid !== true) failureCount++;
    onOutcome(outcome, task, features);
  };
  const runSeeds = async (worker: Worker) => {
    while (!isStopped && failureCount < stopAfter) {
      const next = tasks.next();
      if (next.done) return;
      const answer = await worker.run(next.value);
      // The outcomes may be summarised and their file closed already.
      if (isStopped) return;
      if ("death" in answer) {
        stop();
        add(outcomeOfDeath(next.value, answer.death), next.value);
      } else {
        const { features, ...outcome } = answer;
        add(outcome, next.value, features);
      }
    }
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    await Promise.all(workers.map(runSeeds));
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
  signal.throwIfAborted();
  return outcomes;
}

/** The line that a worker prints while a simulation makes progress. */
const PROGRESS = ".";

const WorkerOutcome = v.object({
  ...Outcome.entries,
  /** Why the simulation does not end. The worker is of no use any more. */
  stall: v.exactOptional(v.string()),
  /** Of a campaign: what was new in the run. */
  features: v.exactOptional(v.array(v.string())),
});
/** The answer of a worker. */
export type WorkerOutcome = v.InferOutput<typeof WorkerOutcome>;

class Worker {
  readonly #limitS: number;
  // The same arguments, so that the worker parses the same options.
  readonly #child = Bun.spawn(
    [...selfCommand(), "sim", "--worker", ...process.argv.slice(process.argv.indexOf("sim") + 1)],
    { stdin: "pipe", stdout: "pipe", stderr: "inherit" },
  );
  readonly #lines = linesOf(this.#child.stdout);

  constructor(limitS: number) {
    this.#limitS = limitS;
  }

  /** Carries out a task. Resolves with its outcome, or with how the worker died. */
  async run(task: Task): Promise<WorkerOutcome | { readonly death: string }> {
    try {
      this.#child.stdin.write(`${JSON.stringify(task)}\n`);
      await this.#child.stdin.flush();
    } catch {
      // EPIPE: the worker has exited, so its stdout ends too.
    }
    const line = await this.#nextOutcome();
    if (line === undefined) {
      this.#child.kill("SIGKILL");
      return {
        death: `A node has not returned for ${this.#limitS} s from a call that blocks, such as to wait for a process or a file`,
      };
    }
    if (line !== "") {
      const outcome = v.parse(WorkerOutcome, JSON.parse(line));
      if (outcome.stall !== undefined) return { death: outcome.stall };
      return outcome;
    }
    const exitCode = await this.#child.exited;
    const { signalCode } = this.#child;
    const status = signalCode === null ? `exit code ${exitCode}` : `signal ${signalCode}`;
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
