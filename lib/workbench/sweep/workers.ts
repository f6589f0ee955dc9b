/**
 * Many seeds over the cores: each job is a process like this one, which gets seeds on stdin and
 * answers each with an outcome on stdout.
 */
import * as v from "valibot";
import { LineReader, splitLines } from "../../protocol/lines.ts";
import { stringifyJson } from "../../vortex/index.ts";
import { Outcome } from "./outcome.ts";
import { selfCommand } from "./self.ts";

export interface SweepOptions {
  readonly jobs: number;
  readonly signal: AbortSignal;
  /** How many seeds that were not valid end the sweep early. */
  readonly stopAfter: number;
  readonly onOutcome: (outcome: Outcome) => void;
}

/** Runs all seeds; resolves with their outcomes, in no order. */
export async function sweep(
  seeds: readonly number[],
  { jobs, signal, stopAfter, onOutcome }: SweepOptions,
): Promise<Outcome[]> {
  const remaining = [...seeds].reverse();
  const outcomes: Outcome[] = [];
  let failureCount = 0;
  const nextSeed = () => {
    signal.throwIfAborted();
    return failureCount < stopAfter ? remaining.pop() : undefined;
  };
  const work = async () => {
    const worker = new Worker();
    const end = () => worker.end();
    signal.addEventListener("abort", end, { once: true });
    try {
      for (let seed = nextSeed(); seed !== undefined; seed = nextSeed()) {
        const outcome = await worker.run(seed);
        outcomes.push(outcome);
        if (outcome.valid !== true) failureCount++;
        onOutcome(outcome);
      }
    } catch (error) {
      // A job that was ended, by this process or by the same Ctrl-C, has not failed.
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", end);
      worker.end();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, seeds.length) }, work));
  return outcomes;
}

class Worker {
  // The same words, so that it parses them to the same options.
  readonly #child = Bun.spawn(
    [...selfCommand(), "sim", "--worker", ...process.argv.slice(process.argv.indexOf("sim") + 1)],
    { stdin: "pipe", stdout: "pipe", stderr: "inherit" },
  );
  readonly #lines = linesOf(this.#child.stdout);

  async run(seed: number): Promise<Outcome> {
    this.#child.stdin.write(`${seed}\n`);
    await this.#child.stdin.flush();
    const { value, done } = await this.#lines.next();
    if (done)
      throw new Error(`The job that ran seed ${seed} ended with ${await this.#child.exited}`);
    return v.parse(Outcome, JSON.parse(value));
  }

  end(): void {
    this.#child.kill();
  }
}

/** Answers each seed that comes on stdin, until it ends. */
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
