/**
 * Runs many seeds on all cores. Each worker is another process of this command: it reads seeds from
 * stdin and prints one outcome per seed.
 */
import * as v from "valibot";
import { LineReader, splitLines } from "../../protocol/lines.ts";
import { stringifyJson } from "../../vortex/index.ts";
import { Outcome } from "./outcome.ts";
import { selfCommand } from "./self.ts";

export interface SweepOptions {
  /** Number of workers. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  /** Number of seeds without the verdict "valid" that ends the sweep. */
  readonly stopAfter: number;
  readonly onOutcome: (outcome: Outcome) => void;
  /** Makes the outcome of a seed whose worker died. */
  readonly outcomeOfDeath: (seed: number, reason: string) => Outcome;
}

/**
 * Runs the seeds and resolves with their outcomes, in no particular order.
 *
 * A worker that dies ends the sweep: its seed gets the outcome of a crash, the other workers are
 * killed, and the outcomes so far are returned.
 *
 * @throws the reason of `signal` once it is aborted.
 */
export async function sweep(
  seeds: readonly number[],
  { jobs, signal, stopAfter, onOutcome, outcomeOfDeath }: SweepOptions,
): Promise<Outcome[]> {
  signal.throwIfAborted();
  const remaining = [...seeds].reverse();
  const outcomes: Outcome[] = [];
  let failureCount = 0;
  let isStopped = false;
  const workers = Array.from({ length: Math.min(jobs, seeds.length) }, () => new Worker());
  const stop = () => {
    isStopped = true;
    for (const worker of workers) worker.kill();
  };
  const add = (outcome: Outcome) => {
    outcomes.push(outcome);
    if (outcome.valid !== true) failureCount++;
    onOutcome(outcome);
  };
  const runSeeds = async (worker: Worker) => {
    while (!isStopped && failureCount < stopAfter) {
      const seed = remaining.pop();
      if (seed === undefined) return;
      const answer = await worker.run(seed);
      // The outcomes may be summarised and their file closed already.
      if (isStopped) return;
      if ("death" in answer) {
        stop();
        add(outcomeOfDeath(seed, answer.death));
      } else {
        add(answer);
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

class Worker {
  // The same arguments, so that the worker parses the same options.
  readonly #child = Bun.spawn(
    [...selfCommand(), "sim", "--worker", ...process.argv.slice(process.argv.indexOf("sim") + 1)],
    { stdin: "pipe", stdout: "pipe", stderr: "inherit" },
  );
  readonly #lines = linesOf(this.#child.stdout);

  /** Runs a seed. Resolves with its outcome, or with how the worker died. */
  async run(seed: number): Promise<Outcome | { readonly death: string }> {
    try {
      this.#child.stdin.write(`${seed}\n`);
      await this.#child.stdin.flush();
    } catch {
      // EPIPE: the worker has exited, so its stdout ends too.
    }
    const { value, done } = await this.#lines.next();
    if (!done) return v.parse(Outcome, JSON.parse(value));
    const exitCode = await this.#child.exited;
    const { signalCode } = this.#child;
    const status = signalCode === null ? `exit code ${exitCode}` : `signal ${signalCode}`;
    return { death: `The process that simulated this seed died (${status})` };
  }

  kill(): void {
    this.#child.kill();
  }
}

/** Runs each seed that arrives on stdin and prints its outcome, until stdin ends. */
export async function serveSeeds(run: (seed: number) => Promise<Outcome>): Promise<void> {
  for await (const line of linesOf(Bun.stdin.stream())) {
    await Bun.write(Bun.stdout, `${stringifyJson(await run(Number(line)))}\n`);
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const lines = new LineReader();
  for await (const chunk of stream) yield* splitLines(lines.push(chunk));
  yield* splitLines(lines.end());
}
