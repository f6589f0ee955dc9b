/** `vortex sim`: runs a program in a seeded simulation, once or over many seeds. */

import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import type { AnyProgram } from "../../vortex/index.ts";
import { stringifyJson } from "../../vortex/index.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { describeDiagnostic } from "../report/terminal/diagnostic.ts";
import { describeSummary } from "../report/terminal/summary.ts";
import { printable, shownResult } from "../report/terminal/text.ts";
import { describeTrace, Trace } from "../report/terminal/trace.ts";
import { findingsOf } from "../run/check-history.ts";
import type { TestResult } from "../run/results.ts";
import { TestCrash } from "../run/test-crash.ts";
import type { TestOptions } from "../run/test-options.ts";
import { type Outcome, outcomeOf, outcomeOfCrash } from "../sweep/outcome.ts";
import { loadProgram } from "../sweep/program.ts";
import { parseSeeds, parseShard, type Shard, shardOf } from "../sweep/seeds.ts";
import { shrink } from "../sweep/shrink.ts";
import { simulateProgram } from "../sweep/simulate-program.ts";
import { type Summary, summarize } from "../sweep/summary.ts";
import { serveSeeds, sweep } from "../sweep/workers.ts";
import { toArgv } from "./argv.ts";
import { EXIT_CODES, exitCodeOf, lastLineOf } from "./exit-codes.ts";
import { Interrupted, interruptible } from "./interrupt.ts";
import { LiveView, remark } from "./live.ts";
import { positiveInteger } from "./parsers.ts";
import { remarksOn } from "./remarks.ts";
import { reportRun, tellWhere } from "./report.ts";
import { shellCommand } from "./shell.ts";
import { openStoreOf } from "./store-flags.ts";
import { addTestFlags, STRICT_STDOUT, type TestFlags, testOptions, VERBOSE } from "./test-flags.ts";

interface Flags extends TestFlags {
  readonly export?: string;
  readonly seeds?: readonly number[];
  readonly shard?: Shard;
  readonly jobs?: number;
  readonly stopAfter?: number;
  readonly out?: string;
  readonly shrink?: true;
  readonly logStderr?: true;
  readonly strictStdout?: true;
  readonly json?: true;
  readonly worker?: true;
  readonly report?: true;
  readonly verbose?: true;
  readonly store: string;
}

/** What to run, and how a person would run it again. */
interface Subject {
  readonly program: AnyProgram;
  /** Where it comes from. */
  readonly file: string;
  readonly args: readonly string[];
  /** Whether a bad line ends a test. */
  readonly isStrict: boolean;
  readonly options: TestOptions;
  readonly replay: (options: TestOptions) => string;
}

export function simCommand(): Command {
  const command = new Command("sim")
    .description("run a program in a seeded simulation: in this process, in virtual time")
    .argument("<file>", "TypeScript or JavaScript file that exports the program")
    .argument("[args...]", "words for the program, normally after --")
    .option("--export <name>", "which exported function is the program, if there are several");
  return (
    addTestFlags(command)
      .addOption(
        new Option("--seeds <range>", "run many seeds: 1..1000, or 3,7,10..20")
          .argParser(seedsArgument)
          .conflicts(["seed", "logStderr"]),
      )
      .option(
        "--jobs <count>",
        `how many run at a time (default: ${availableParallelism()}, one for each core)`,
        positiveInteger,
      )
      .option("--shard <i/n>", "run the i-th of n parts of the seeds only", shardArgument)
      .option(
        "--stop-after <count>",
        "stop after so many seeds that were not valid",
        positiveInteger,
      )
      .option("--out <file>", 'write an outcome per line to a file, for "vortex merge"')
      .option("--shrink", "reduce a failing test to a small one, and tell what happens in it")
      .option("--report", "store the run, and write report.html, a page to look at, beside it")
      .option("--store <dir>", "where --report keeps it", "store")
      .option("--log-stderr", "show what the nodes log")
      .option("--strict-stdout", STRICT_STDOUT)
      .option("--verbose", VERBOSE)
      .option(
        "--json",
        "print the result, or the summary of many, as one line of JSON, and nothing else, to stdout",
      )
      // The workers of --seeds are started with it; see `sweep/workers.ts`.
      .addOption(new Option("--worker").hideHelp())
      .addHelpText("after", HELP)
      .action(sim)
  );
}

const HELP = `
The same seed gives the same history and the same messages, to the byte. A seed is run twice
to make sure: a program that reads the real clock, say, is reported and ends with code 2.

Example:
  vortex sim challenges/echo.ts -w echo --node-count 3 --rate 100 --time-limit 20 --seed 7
  vortex sim challenges/unique-ids.ts -w unique-ids --nemesis partition,kill --seeds 1..1000`;

/** Flags that mean nothing for a single seed. */
const SWEEP_FLAGS = { jobs: "--jobs", shard: "--shard", stopAfter: "--stop-after", out: "--out" };

async function sim(file: string, args: readonly string[], flags: Flags): Promise<void> {
  for (const [name, flag] of Object.entries(SWEEP_FLAGS)) {
    if (name in flags && flags.seeds === undefined) {
      throw new InvalidOptions(`${flag} is for many seeds: --seeds 1..1000 says which`);
    }
  }
  const program = await loadProgram(file, flags.export);
  const options = testOptions(flags);
  const replay = (changed: TestOptions) => commandLine(file, args, flags, changed);
  const subject = { program, file, args, isStrict: flags.strictStdout === true, options, replay };
  if (flags.worker) {
    await serveSeeds((seed) => outcome(subject, { ...options, seed }));
    return;
  }
  for (const text of remarksOn(args, options)) remark(text);
  if (flags.report && flags.seeds !== undefined) {
    throw new InvalidOptions("--report is for a single seed: --seed says which");
  }
  if (flags.seeds === undefined) await runOne(subject, flags);
  else await runMany(subject, flags.seeds, flags);
}

async function runOne(subject: Subject, flags: Flags): Promise<void> {
  const { options, replay } = subject;
  const once = await run(subject, options, flags);
  if (once.result === undefined) remark(once.crash.message);
  else
    console.log(flags.json ? stringifyJson(once.result) : shownResult(once.result, options, flags));
  if (fingerprintOf(once) !== fingerprintOf(await run(subject, options))) {
    remark(
      `Not deterministic: seed ${options.seed} gave another history the second time. Does the program use the real clock, Math.random, or state outside of its function?`,
    );
    process.exitCode = EXIT_CODES.unknown;
    return;
  }
  if (flags.report) await storeRun(subject, once, flags.store);
  if (once.result !== undefined) remark(lastLineOf(once.result.valid));
  remark(`To run it again: ${replay(options)}`);
  process.exitCode = once.result === undefined ? EXIT_CODES.crash : exitCodeOf(once.result.valid);
  if (flags.shrink && once.result?.valid !== true) await tellSmallest(subject, options, flags);
}

/** Stores a simulated run as one on processes is stored, and writes its report. */
async function storeRun({ file, args, options, replay }: Subject, run: Run, root: string) {
  const { trace, ...end } = run;
  const bin = resolve(file);
  const description = { command: replay(options), bin, args, options };
  const store = openStoreOf(root, description, remark, "--store DIR keeps it elsewhere");
  for (const event of trace.events) {
    if (event.kind === "operation") store.addOperation(event.operation);
    else store.addMessage(event.event);
  }
  if (end.result !== undefined) store.addResults(end.result);
  store.close();
  await reportRun(store, remark, end.result === undefined ? end.crash.message : undefined);
  tellWhere(store);
}

async function runMany(subject: Subject, seeds: readonly number[], flags: Flags): Promise<void> {
  const { options } = subject;
  const shard = flags.shard === undefined ? seeds : shardOf(seeds, flags.shard);
  const [first] = shard;
  if (first === undefined) throw new InvalidOptions("There are fewer seeds than shards");
  const sink = flags.out === undefined ? undefined : openOut(flags.out);
  await checkDeterminism(subject, { ...options, seed: first }, flags);

  const progress = new SweepProgress(shard.length);
  const done: Outcome[] = [];
  const outcomes = await interruptible((signal) =>
    sweep(shard, {
      jobs: flags.jobs ?? availableParallelism(),
      signal,
      stopAfter: flags.stopAfter ?? Number.POSITIVE_INFINITY,
      onOutcome: (one) => {
        progress.count(one);
        done.push(one);
        sink?.write(`${stringifyJson(one)}\n`);
      },
      outcomeOfDeath: (seed, reason) => {
        progress.print(`${reason}: seed ${seed}. The sweep stops here`);
        return withCommand(subject, { ...options, seed }, outcomeOfCrash(seed, reason));
      },
    }),
  )
    .catch((error: unknown) => {
      // What has its verdict is not lost because somebody did not wait for the rest.
      if (error instanceof Interrupted && done.length > 0) report(summarize(done), flags);
      throw error;
    })
    .finally(async () => {
      progress.end();
      await sink?.end();
    });

  const summary = summarize(outcomes);
  report(summary, flags);
  const [failure] = summary.failures;
  process.exitCode = exitCodeOf(
    summary.invalidCount > 0 ? false : failure === undefined || "unknown",
  );
  if (flags.shrink && failure !== undefined) {
    await tellSmallest(subject, { ...options, seed: failure.seed }, flags);
  }
}

function report(summary: Summary, flags: Flags): void {
  if (flags.json) console.log(stringifyJson(summary));
  else console.log(describeSummary(summary));
}

/** Opens the file for outcomes, before anything is run for nothing. */
function openOut(file: string) {
  try {
    writeFileSync(file, "");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidOptions(`--out ${file}: cannot be written: ${reason}`);
  }
  return Bun.file(file).writer();
}

/** What happened in a test; and what came of it, or why nothing did. */
type Run = { readonly trace: Trace } & (
  | { readonly result: TestResult }
  | { readonly result?: undefined; readonly crash: TestCrash }
);

type Heard = Pick<Flags, "seeds" | "logStderr">;

/** @param flags What people hear of while it runs; nothing by default. */
async function run(subject: Subject, options: TestOptions, flags?: Heard): Promise<Run> {
  const trace = new Trace();
  try {
    const result = await simulateProgram(options, {
      ...subject,
      ...(flags === undefined ? {} : { onPrinted: remark }),
      onOperation: (operation) => trace.addOperation(operation),
      onMessage: (event) => trace.addMessage(event),
      ...(flags === undefined || flags.seeds !== undefined
        ? {}
        : {
            onDiagnostic: (diagnostic) => remark(describeDiagnostic(diagnostic)),
            onRemark: remark,
          }),
      ...(flags?.logStderr ? { onStderr: (node, line) => remark(`${node}: ${line}`) } : {}),
    });
    return { trace, result };
  } catch (crash) {
    if (crash instanceof TestCrash) return { trace, crash };
    throw crash;
  }
}

/** The same for two runs only if nothing differs; or if they crash alike. */
function fingerprintOf(run: Run): string {
  if (run.result !== undefined) return run.trace.fingerprint();
  // What follows the first line is a trace, of which this command is a part.
  return run.crash.message.split("\n", 1).join();
}

async function outcome(subject: Subject, options: TestOptions): Promise<Outcome> {
  const one = await simulateProgram(options, subject).then(outcomeOf, (error: unknown) => {
    if (error instanceof TestCrash) return outcomeOfCrash(options.seed, error.message);
    throw error;
  });
  return withCommand(subject, options, one);
}

/** Adds the command that repeats the run, unless it was valid. */
function withCommand(subject: Subject, options: TestOptions, outcome: Outcome): Outcome {
  return outcome.valid === true ? outcome : { ...outcome, command: subject.replay(options) };
}

async function checkDeterminism(
  subject: Subject,
  options: TestOptions,
  flags: Flags,
): Promise<void> {
  const once = fingerprintOf(await run(subject, options, flags));
  if (once === fingerprintOf(await run(subject, options))) return;
  throw new InvalidOptions(
    `The program is not deterministic: seed ${options.seed} gave two different histories, so no seed would mean anything`,
  );
}

/** How many tests shrinking may take. */
const MAX_SHRINK_TRIES = 500;

async function tellSmallest(
  subject: Subject,
  failing: TestOptions,
  { json }: Flags,
): Promise<void> {
  // With --json, stdout is for the result alone.
  const tell = json ? remark : (text: string) => console.log(text);
  const anomalyOf = async (options: TestOptions): Promise<string | undefined> => {
    try {
      const result = await simulateProgram(options, subject);
      return result.valid === true ? undefined : (findingsOf(result)[0]?.anomaly ?? "unknown");
    } catch (error) {
      if (error instanceof TestCrash) return "crash";
      // What is smaller need not fit the workload: lin-kv takes certain numbers of clients only.
      if (error instanceof InvalidOptions) return undefined;
      throw error;
    }
  };
  const anomaly = await anomalyOf(failing);
  if (anomaly === undefined) return;
  const smallest = await shrink(failing, anomaly, anomalyOf, MAX_SHRINK_TRIES);
  tell(`\nThe smallest test found that still fails:\n  ${subject.replay(smallest)}\n`);
  const { trace, ...end } = await run(subject, smallest);
  tell(describeTrace(trace, end.result === undefined ? [] : findingsOf(end.result)));
  if (end.result === undefined) tell(printable(end.crash.message));
}

function commandLine(
  file: string,
  args: readonly string[],
  flags: Flags,
  options: TestOptions,
): string {
  const argv = ["vortex", "sim", file];
  if (flags.export !== undefined) argv.push("--export", flags.export);
  argv.push(...toArgv(options));
  if (flags.strictStdout) argv.push("--strict-stdout");
  if (args.length > 0) argv.push("--", ...args);
  return shellCommand(argv);
}

/** How far a sweep is, and how long it will take, where somebody watches. */
class SweepProgress {
  readonly #total: number;
  readonly #beganMs = performance.now();
  readonly #view = new LiveView({
    draw: () => this.#line(),
    intervalMs: 200,
    tell: () => this.#line(),
  });
  #doneCount = 0;
  #failedCount = 0;

  constructor(total: number) {
    this.#total = total;
  }

  count({ valid }: Outcome): void {
    this.#doneCount++;
    if (valid !== true) this.#failedCount++;
  }

  /** Prints a line above. */
  print(text: string): void {
    this.#view.print(text);
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
