/** `vortex sim`: runs a program in a seeded simulation, once or over many seeds. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { stringifyJson } from "../../vortex/index.ts";
import { describeSummary } from "../report/summary.ts";
import { describeResult } from "../report/text.ts";
import { describeTrace, Trace } from "../report/trace.ts";
import { findingsOf, type TestResult } from "../results.ts";
import { TestCrash } from "../run.ts";
import type { AnyProgram } from "../simulated-cluster.ts";
import { type Outcome, outcomeOf, outcomeOfCrash } from "../sweep/outcome.ts";
import { parseSeeds, parseShard, type Shard, shardOf } from "../sweep/seeds.ts";
import { shrink } from "../sweep/shrink.ts";
import { summarize } from "../sweep/summary.ts";
import type { TestOptions } from "../test-options.ts";
import { EXIT_CODES, exitCodeOf, lastLineOf } from "./exit-codes.ts";
import { interruptible } from "./interrupt.ts";
import { LiveView, remark } from "./live.ts";
import { loadProgram } from "./program.ts";
import { shellCommand } from "./shell.ts";
import { simulateProgram } from "./simulate-program.ts";
import { serveSeeds, sweep } from "./sweep-workers.ts";
import {
  addTestFlags,
  BadArguments,
  positiveInteger,
  remarksOnDashes,
  STRICT_STDOUT,
  type TestFlags,
  testOptions,
  wordsOf,
} from "./test-flags.ts";

interface Flags extends TestFlags {
  readonly export?: string;
  readonly seeds?: readonly number[];
  readonly shard?: Shard;
  readonly jobs: number;
  readonly stopAfter?: number;
  readonly out?: string;
  readonly shrink?: true;
  readonly logStderr?: true;
  readonly strictStdout?: true;
  readonly json?: true;
  readonly worker?: true;
}

/** What to run, and how a person would run it again. */
interface Subject {
  readonly program: AnyProgram;
  readonly args: readonly string[];
  readonly options: TestOptions;
  readonly replay: (options: TestOptions) => string;
}

export function simCommand(): Command {
  const command = new Command("sim")
    .description("run a program in a seeded simulation: in this process, in virtual time")
    .argument("<file>", "TypeScript or JavaScript file that exports the program")
    .argument("[args...]", "words for the program, normally after --")
    .option("--export <name>", "which exported function is the program, if there are several");
  return addTestFlags(command)
    .option("--seeds <range>", "run many seeds: 1..1000, or 3,7,10..20", seedsArgument)
    .option("--jobs <count>", "how many run at a time", positiveInteger, availableParallelism())
    .option("--shard <i/n>", "run the i-th of n parts of the seeds only", shardArgument)
    .option("--stop-after <count>", "stop after so many seeds that were not valid", positiveInteger)
    .option("--out <file>", 'write an outcome per line to a file, for "vortex merge"')
    .option("--shrink", "reduce a failing test to a small one, and tell what happens in it")
    .option("--log-stderr", "show what the nodes log")
    .option("--strict-stdout", STRICT_STDOUT)
    .option("--json", "print the result, or the summary of many, as one line of JSON to stdout")
    .option("--worker", "run the seeds that come on stdin; used by --seeds itself")
    .addHelpText("after", HELP)
    .action(sim);
}

const HELP = `
The same seed gives the same history and the same messages, to the byte. A seed is run twice
to make sure: a program that reads the real clock, say, is reported and ends with code 2.

Example:
  vortex sim challenges/echo.ts -w echo --node-count 3 --rate 100 --time-limit 20 --seed 7
  vortex sim challenges/unique-ids.ts -w unique-ids --nemesis partition,kill --seeds 1..1000`;

async function sim(file: string, args: readonly string[], flags: Flags): Promise<void> {
  const program = await loadProgram(file, flags.export);
  const options = testOptions(flags);
  if (flags.worker) {
    await serveSeeds((seed) => outcome(program, args, { ...options, seed }));
    return;
  }
  for (const text of remarksOnDashes(args)) remark(text);
  const replay = (changed: TestOptions) => commandLine(file, args, flags, changed);
  const subject = { program, args, options, replay };
  if (flags.seeds === undefined) await runOne(subject, flags);
  else await runMany(subject, flags.seeds, flags);
}

async function runOne(subject: Subject, flags: Flags): Promise<void> {
  const { options, replay } = subject;
  const { result, trace } = await run(subject, options, flags);
  if (flags.json) console.log(stringifyJson(result));
  else console.log(describeResult(result));
  const again = (await run(subject, options)).trace;
  if (trace.fingerprint() !== again.fingerprint()) {
    remark(
      `Not deterministic: seed ${options.seed} gave another history the second time. Does the program use the real clock, Math.random, or state outside of its function?`,
    );
    process.exitCode = EXIT_CODES.unknown;
    return;
  }
  remark(lastLineOf(result.valid));
  remark(`To run it again: ${replay(options)}`);
  process.exitCode = exitCodeOf(result.valid);
  if (flags.shrink && result.valid !== true) await tellSmallest(subject, options);
}

async function runMany(subject: Subject, seeds: readonly number[], flags: Flags): Promise<void> {
  const { options, replay } = subject;
  const shard = flags.shard === undefined ? seeds : shardOf(seeds, flags.shard);
  const [first] = shard;
  if (first === undefined) throw new BadArguments("There are fewer seeds than shards");
  const sink = flags.out === undefined ? undefined : openOut(flags.out);
  await checkDeterminism(subject, { ...options, seed: first });

  const progress = new SweepProgress(shard.length);
  const outcomes = await interruptible((signal) =>
    sweep(shard, {
      jobs: flags.jobs,
      signal,
      stopAfter: flags.stopAfter ?? Number.POSITIVE_INFINITY,
      onOutcome: (one) => {
        progress.count(one);
        sink?.write(`${stringifyJson(one)}\n`);
      },
    }),
  ).finally(() => progress.end());
  await sink?.end();

  const summary = summarize(outcomes);
  const withSeed = (seed: number) => ({ ...options, seed });
  if (flags.json) console.log(stringifyJson(summary));
  else console.log(describeSummary(summary, (seed) => replay(withSeed(seed))));
  const [failure] = summary.failures;
  process.exitCode = exitCodeOf(
    summary.invalidCount > 0 ? false : failure === undefined || "unknown",
  );
  if (flags.shrink && failure !== undefined) await tellSmallest(subject, withSeed(failure.seed));
}

/** Opens the file for outcomes, before anything is run for nothing. */
function openOut(file: string) {
  try {
    writeFileSync(file, "");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BadArguments(`--out ${file}: cannot be written: ${reason}`);
  }
  return Bun.file(file).writer();
}

async function run(
  { program, args }: Subject,
  options: TestOptions,
  { logStderr, strictStdout }: Partial<Flags> = {},
): Promise<{ readonly result: TestResult; readonly trace: Trace }> {
  const trace = new Trace();
  const result = await simulateProgram(options, {
    program,
    args,
    onOperation: (operation) => trace.addOperation(operation),
    onMessage: (event) => trace.addMessage(event),
    onRemark: (text) => remark(text),
    isStrict: strictStdout === true,
    ...(logStderr ? { onStderr: (node, line) => remark(`${node}: ${line}`) } : {}),
  });
  return { result, trace };
}

async function outcome(
  program: AnyProgram,
  args: readonly string[],
  options: TestOptions,
): Promise<Outcome> {
  try {
    return outcomeOf(await simulateProgram(options, { program, args }));
  } catch (error) {
    if (error instanceof TestCrash) return outcomeOfCrash(options.seed, error.message);
    throw error;
  }
}

async function checkDeterminism(subject: Subject, options: TestOptions): Promise<void> {
  const once = await fingerprint(subject, options);
  if (once === (await fingerprint(subject, options))) return;
  throw new BadArguments(
    `The program is not deterministic: seed ${options.seed} gave two different histories, so no seed would mean anything`,
  );
}

/** Of a run's history and messages; of its crash, if it crashes. */
async function fingerprint(subject: Subject, options: TestOptions): Promise<string> {
  try {
    return (await run(subject, options)).trace.fingerprint();
  } catch (error) {
    // What follows the first line is a trace, of which this command is a part.
    if (error instanceof TestCrash) return error.message.split("\n", 1).join();
    throw error;
  }
}

/** How many tests shrinking may take. */
const MAX_SHRINK_TRIES = 500;

async function tellSmallest(subject: Subject, failing: TestOptions): Promise<void> {
  const anomalyOf = async (options: TestOptions): Promise<string | undefined> => {
    try {
      const result = await simulateProgram(options, subject);
      return result.valid === true ? undefined : (findingsOf(result)[0]?.anomaly ?? "unknown");
    } catch (error) {
      if (error instanceof TestCrash) return "crash";
      throw error;
    }
  };
  const anomaly = await anomalyOf(failing);
  if (anomaly === undefined) return;
  const smallest = await shrink(failing, anomaly, anomalyOf, MAX_SHRINK_TRIES);
  console.log(`\nThe smallest test found that still fails:\n  ${subject.replay(smallest)}\n`);
  const { result, trace } = await run(subject, smallest);
  console.log(describeTrace(trace, findingsOf(result)));
}

function commandLine(
  file: string,
  args: readonly string[],
  flags: Flags,
  options: TestOptions,
): string {
  const words = ["vortex", "sim", file];
  if (flags.export !== undefined) words.push("--export", flags.export);
  words.push(...wordsOf(options));
  if (args.length > 0) words.push("--", ...args);
  return shellCommand(words);
}

/** How far a sweep is, and how long it will take, where somebody watches. */
class SweepProgress {
  readonly #total: number;
  readonly #beganMs = performance.now();
  readonly #view = new LiveView(() => this.#line(), 200);
  #doneCount = 0;
  #failedCount = 0;

  constructor(total: number) {
    this.#total = total;
  }

  count({ valid }: Outcome): void {
    this.#doneCount++;
    if (valid !== true) this.#failedCount++;
  }

  end(): void {
    this.#view.end();
    const seconds = (performance.now() - this.#beganMs) / 1000;
    const perSecond = (this.#doneCount / seconds).toFixed(1);
    remark(`${this.#doneCount} seeds in ${seconds.toFixed(1)} s, ${perSecond} a second`);
  }

  #line(): string {
    const seconds = (performance.now() - this.#beganMs) / 1000;
    const perSecond = this.#doneCount / seconds;
    const left = perSecond > 0 ? Math.ceil((this.#total - this.#doneCount) / perSecond) : "?";
    return `${this.#doneCount} of ${this.#total} seeds, ${this.#failedCount} not valid, ${perSecond.toFixed(1)} a second, ${left} s left`;
  }
}

function seedsArgument(text: string): number[] {
  return explained(() => parseSeeds(text));
}

function shardArgument(text: string): Shard {
  return explained(() => parseShard(text));
}

function explained<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new InvalidArgumentError(`${error instanceof Error ? error.message : error}.`);
  }
}
