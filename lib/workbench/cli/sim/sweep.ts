/** Runs simulations of many seeds, and prints a summary. */
import { writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { stringifyJson } from "../../../vortex/index.ts";
import { plural } from "../../checkers/wording.ts";
import { InvalidOptions } from "../../invalid-options.ts";
import { describeSummary } from "../../report/terminal/sweep-summary.ts";
import type { TestResult } from "../../run/results.ts";
import { TestCrash } from "../../run/test-crash.ts";
import type { TestOptions } from "../../run/test-options.ts";
import { type Outcome, outcomeOf, outcomeOfCrash } from "../../sweep/outcome.ts";
import { addPlaces } from "../../sweep/sample.ts";
import { shardOf } from "../../sweep/seeds.ts";
import type { ProgramSimulation } from "../../sweep/simulate-program.ts";
import { StalledProgram } from "../../sweep/stalled-program.ts";
import { isDoubtful, type Summary, summarize } from "../../sweep/summary.ts";
import { type SweepOptions, sweep } from "../../sweep/sweep.ts";
import type { Task, WorkerOutcome } from "../../sweep/task.ts";
import { exitCodeOf } from "../exit-codes.ts";
import { Interrupted, interruptible } from "../interrupt.ts";
import { remark } from "../live.ts";
import { SweepProgress } from "./progress.ts";
import type { StartedWorkers, StartWorkers } from "./start-workers.ts";
import {
  isRepeatable,
  isStalled,
  run,
  type SimFlags,
  type Subject,
  simulateSubject,
} from "./subject.ts";

export async function runMany(
  subject: Subject,
  seeds: readonly number[],
  flags: SimFlags,
  start: StartWorkers,
): Promise<void> {
  const { options } = subject;
  const shard = flags.shard === undefined ? seeds : shardOf(seeds, flags.shard);
  if (flags.shard?.by !== undefined) {
    const { index, count, by } = flags.shard;
    remark(`Shard ${index}/${count}, as ${by} says: ${plural(shard.length, "seed")}`);
  }
  const [first] = shard;
  if (first === undefined)
    throw new InvalidOptions("This shard is empty: there are fewer seeds than shards");
  const sink = flags.out === undefined ? undefined : openOut(flags.out);
  await checkDeterminism(subject, { ...options, seed: first }, flags);

  const started = await start({ firstSeed: first, seeds: shard });
  const leftS = (doneCount: number, perSecond: number) =>
    perSecond > 0 ? (shard.length - doneCount) / perSecond : undefined;
  const progress = new SweepProgress(`of ${shard.length} seeds`, leftS, started);
  const tasks = shard.map((seed) => ({ seed })).values();
  await runTasks(subject, tasks, started, flags, { progress, sink });
}

/** Receivers of a sweep's outcomes and progress. */
export interface SweepWatch {
  readonly progress: SweepProgress;
  readonly sink?: { write(line: string): unknown; end(): unknown } | undefined;
  readonly onOutcome?: SweepOptions["onOutcome"];
  /** Returns the subject with which the command of a failure runs. Defaults to that of the sweep. */
  readonly subjectOf?: (failure: Outcome) => Subject;
  /** Called before the summary, even if the sweep is interrupted. */
  readonly onEnd?: () => void;
}

/** Runs tasks on workers, prints the summary, and sets the exit code. */
export async function runTasks(
  subject: Subject,
  tasks: Iterator<Task>,
  { workers, close }: StartedWorkers,
  flags: SimFlags,
  { progress, sink, onOutcome, onEnd, subjectOf = () => subject }: SweepWatch,
): Promise<void> {
  const { options } = subject;
  const done: Outcome[] = [];
  let isDone = true;
  const outcomes = await interruptible((signal) =>
    sweep(tasks, {
      workers,
      signal,
      stopAfter: flags.stopAfter ?? Number.POSITIVE_INFINITY,
      onOutcome: (one, task, features) => {
        progress.count(one);
        done.push(one);
        sink?.write(`${stringifyJson(one)}\n`);
        onOutcome?.(one, task, features);
      },
      outcomeOfDeath: ({ seed }, reason) => {
        progress.print(`${reason}: seed ${seed}. The sweep stops here`);
        return withCommand(subject, { ...options, seed }, outcomeOfCrash(seed, reason));
      },
    }),
  )
    .catch((error: unknown) => {
      // The seeds that have run keep their outcomes.
      if (error instanceof Interrupted && done.length > 0) report(summarize(done), flags);
      isDone = false;
      throw error;
    })
    .finally(async () => {
      progress.end();
      onEnd?.();
      await sink?.end();
      await close(isDone);
    });

  const summary = summarize(outcomes);
  report(summary, flags);
  const [failure] = summary.failures;
  process.exitCode = exitCodeOf(
    summary.invalidCount > 0 ? false : failure === undefined || "unknown",
    flags.strictRun === true &&
      isDoubtful(flags.shard === undefined ? summary : withoutCoverage(summary)),
  );
  if (flags.shrink && failure !== undefined) {
    const { printSmallest } = await import("./smallest.ts");
    await printSmallest(subjectOf(failure), { ...options, seed: failure.seed }, flags);
  }
}

/** A shard reaches less than the whole sweep: "vortex merge" judges that. */
function withoutCoverage({ coverage: _, ...summary }: Summary): Summary {
  return summary;
}

function report(summary: Summary, flags: SimFlags): void {
  if (flags.json) console.log(stringifyJson(summary));
  else console.log(describeSummary(summary));
}

/** Opens the file of outcomes, before anything runs. */
export function openOut(file: string) {
  try {
    writeFileSync(file, "");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidOptions(`Cannot write --out ${file}: ${reason}`);
  }
  return Bun.file(file).writer();
}

/**
 * Runs one seed of a sweep. What explains a result is recorded only when a run is not valid: the seed
 * then runs again, which also shows whether it can be repeated.
 */
export async function outcome(
  subject: Subject,
  options: TestOptions,
  observation: Observation = {},
): Promise<WorkerOutcome> {
  const first = await outcomeOnce(subject, options, { ...observation, isExplained: false });
  if (first.valid === true || first.stall !== undefined) return first;
  const { mostFrequentError, ...again } = await outcomeOnce(subject, options, {
    isExplained: true,
  });
  if (!isDeepStrictEqual(again, first)) return notRepeated(first, again);
  return mostFrequentError === undefined ? again : { ...again, mostFrequentError };
}

/** The outcome of a seed that failed in one way, and then ended in another. */
function notRepeated(first: Outcome, { valid, reason }: Outcome): Outcome {
  const second = valid === true ? "it was valid" : `it gave: ${reason}`;
  return {
    ...first,
    valid: "unknown",
    kind: "not deterministic",
    reason: `${first.reason}. Run again, ${second}. Look for the real clock, Math.random, and state outside of the program's function`,
  };
}

/** Observes the first run of a seed. */
export interface Observation extends Pick<ProgramSimulation, "onMessage" | "onOperation"> {
  readonly onResult?: (result: TestResult) => void;
}

async function outcomeOnce(
  subject: Subject,
  options: TestOptions,
  { onResult, ...more }: Observation & Pick<ProgramSimulation, "isExplained">,
): Promise<WorkerOutcome> {
  const run = simulateSubject(subject, options, more);
  const toOutcome = (result: TestResult) => {
    onResult?.(result);
    return outcomeOf(result);
  };
  const one = await run.then(toOutcome, async (error: unknown) => {
    if (error instanceof StalledProgram) {
      const heartbeat = setInterval(() => subject.onProgress(true), 500);
      await addPlaces(error, options.seed);
      clearInterval(heartbeat);
      return {
        ...outcomeOfCrash(options.seed, error.message),
        stall: error.message.split("\n", 1).join(),
      };
    }
    if (error instanceof TestCrash) return outcomeOfCrash(options.seed, error.message);
    throw error;
  });
  return withCommand(subject, options, one);
}

/** Adds the command that repeats the run, unless it was valid. */
function withCommand(subject: Subject, options: TestOptions, outcome: Outcome): Outcome {
  return outcome.valid === true ? outcome : { ...outcome, command: subject.replay(options) };
}

export async function checkDeterminism(
  subject: Subject,
  options: TestOptions,
  flags: SimFlags,
): Promise<void> {
  const once = await run(subject, options, flags);
  if (isStalled(once)) throw once.crash;
  if (await isRepeatable(subject, options, once)) return;
  throw new InvalidOptions(
    `The program is not deterministic: seed ${options.seed} gave two different histories, so its outcomes could not be repeated`,
  );
}
