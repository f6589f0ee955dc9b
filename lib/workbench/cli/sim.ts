/** `vortex sim`: runs a program in a simulation, with one seed or many. */

import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import type { AnyProgram } from "../../vortex/index.ts";
import { stringifyJson } from "../../vortex/index.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { describeDiagnostic } from "../report/terminal/diagnostic.ts";
import { describeSummary } from "../report/terminal/summary.ts";
import { formatResult, printable } from "../report/terminal/text.ts";
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
import { remarkLocation, reportRun } from "./report.ts";
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

/** The program to run, and how to repeat a run. */
interface Subject {
  readonly program: AnyProgram;
  /** File of the program. */
  readonly file: string;
  readonly args: readonly string[];
  /** Whether an invalid line ends a test. */
  readonly isStrict: boolean;
  readonly options: TestOptions;
  readonly replay: (options: TestOptions) => string;
}

export function simCommand(): Command {
  const command = new Command("sim")
    .description("run a program in a simulation: virtual time, every event determined by a seed")
    .argument("<file>", "TypeScript or JavaScript file that exports the program")
    .argument("[args...]", "arguments of the program, usually after --")
    .option("--export <name>", "exported function to run, if the file exports several");
  return (
    addTestFlags(command)
      .addOption(
        new Option("--seeds <range>", "run many seeds: 1..1000, or 3,7,10..20")
          .argParser(seedsArgument)
          .conflicts(["seed", "logStderr"]),
      )
      .option(
        "--jobs <count>",
        `number of processes (default: ${availableParallelism()}, one per core)`,
        positiveInteger,
      )
      .option("--shard <i/n>", "run only part i of n of the seeds", shardArgument)
      .option(
        "--stop-after <count>",
        "stop after this many seeds that are not valid",
        positiveInteger,
      )
      .option("--out <file>", 'write one outcome per line to a file, for "vortex merge"')
      .option("--shrink", "reduce a failing test to a small one, and print what happens in it")
      .option("--report", "store the run with report.html, a page that shows it")
      .option("--store <dir>", "directory of stored runs, for --report", "store")
      .option("--log-stderr", "show the logs of the nodes")
      .option("--strict-stdout", STRICT_STDOUT)
      .option("--verbose", VERBOSE)
      .option(
        "--json",
        "print the result, or the summary of many seeds, as one line of JSON to stdout, and nothing else",
      )
      // The workers of --seeds are started with it; see `sweep/workers.ts`.
      .addOption(new Option("--worker").hideHelp())
      .addHelpText("after", HELP)
      .action(sim)
  );
}

const HELP = `
A seed always gives the same history and messages, byte for byte. To check that,
one seed is run twice; a program that reads the real clock, for example, exits
with code 2.

Examples:
  vortex sim challenges/echo.ts -w echo --node-count 3 --rate 100 --time-limit 20 --seed 7
  vortex sim challenges/unique-ids.ts -w unique-ids --nemesis partition,kill --seeds 1..1000`;

/** Flags that need many seeds. */
const SWEEP_FLAGS = { jobs: "--jobs", shard: "--shard", stopAfter: "--stop-after", out: "--out" };

async function sim(file: string, args: readonly string[], flags: Flags): Promise<void> {
  for (const [name, flag] of Object.entries(SWEEP_FLAGS)) {
    if (name in flags && flags.seeds === undefined) {
      throw new InvalidOptions(`${flag} needs many seeds: add --seeds, as in --seeds 1..1000`);
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
    throw new InvalidOptions("--report needs a single seed: use --seed instead of --seeds");
  }
  if (flags.seeds === undefined) await runOne(subject, flags);
  else await runMany(subject, flags.seeds, flags);
}

async function runOne(subject: Subject, flags: Flags): Promise<void> {
  const { options, replay } = subject;
  const once = await run(subject, options, flags);
  if (once.result === undefined) remark(once.crash.message);
  else
    console.log(
      flags.json ? stringifyJson(once.result) : formatResult(once.result, options, flags),
    );
  if (fingerprintOf(once) !== fingerprintOf(await run(subject, options))) {
    remark(
      `Not deterministic: seed ${options.seed} gave a different history the second time. Look for the real clock, Math.random, and state outside of the program's function`,
    );
    process.exitCode = EXIT_CODES.unknown;
    return;
  }
  if (flags.report) await storeRun(subject, once, flags.store);
  if (once.result !== undefined) remark(lastLineOf(once.result.valid));
  remark(`To repeat it: ${replay(options)}`);
  process.exitCode = once.result === undefined ? EXIT_CODES.crash : exitCodeOf(once.result.valid);
  if (flags.shrink && once.result?.valid !== true) await printSmallest(subject, options, flags);
}

/** Stores a simulated run like one on processes, and writes its report. */
async function storeRun({ file, args, options, replay }: Subject, run: Run, root: string) {
  const { trace, ...end } = run;
  const bin = resolve(file);
  const description = { command: replay(options), bin, args, options };
  const store = openStoreOf(root, description, remark, "Choose another directory with --store");
  for (const event of trace.events) {
    if (event.kind === "operation") store.addOperation(event.operation);
    else store.addMessage(event.event);
  }
  if (end.result !== undefined) store.addResults(end.result);
  store.close();
  await reportRun(store, remark, end.result === undefined ? end.crash.message : undefined);
  remarkLocation(store);
}

async function runMany(subject: Subject, seeds: readonly number[], flags: Flags): Promise<void> {
  const { options } = subject;
  const shard = flags.shard === undefined ? seeds : shardOf(seeds, flags.shard);
  const [first] = shard;
  if (first === undefined)
    throw new InvalidOptions("This shard is empty: there are fewer seeds than shards");
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
      // The seeds that have run keep their outcomes.
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
    await printSmallest(subject, { ...options, seed: failure.seed }, flags);
  }
}

function report(summary: Summary, flags: Flags): void {
  if (flags.json) console.log(stringifyJson(summary));
  else console.log(describeSummary(summary));
}

/** Opens the file of outcomes, before anything runs. */
function openOut(file: string) {
  try {
    writeFileSync(file, "");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidOptions(`Cannot write --out ${file}: ${reason}`);
  }
  return Bun.file(file).writer();
}

/** The trace of a test, and its result or crash. */
type Run = { readonly trace: Trace } & (
  | { readonly result: TestResult }
  | { readonly result?: undefined; readonly crash: TestCrash }
);

type Output = Pick<Flags, "seeds" | "logStderr">;

/** @param flags What to print while it runs. Nothing by default. */
async function run(subject: Subject, options: TestOptions, flags?: Output): Promise<Run> {
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

/** Returns equal fingerprints only for identical runs, or equal crashes. */
function fingerprintOf(run: Run): string {
  if (run.result !== undefined) return run.trace.fingerprint();
  // The stack trace below the first line contains this command, and may differ.
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
    `The program is not deterministic: seed ${options.seed} gave two different histories, so its outcomes could not be repeated`,
  );
}

/** Maximum number of tests that shrinking runs. */
const MAX_SHRINK_TRIES = 500;

async function printSmallest(
  subject: Subject,
  failing: TestOptions,
  { json }: Flags,
): Promise<void> {
  // With --json, stdout is for the result only.
  const print = json ? remark : (text: string) => console.log(text);
  const anomalyOf = async (options: TestOptions): Promise<string | undefined> => {
    try {
      const result = await simulateProgram(options, subject);
      return result.valid === true ? undefined : (findingsOf(result)[0]?.anomaly ?? "unknown");
    } catch (error) {
      if (error instanceof TestCrash) return "crash";
      // A smaller test may not fit the workload: lin-kv restricts the number of clients.
      if (error instanceof InvalidOptions) return undefined;
      throw error;
    }
  };
  const anomaly = await anomalyOf(failing);
  if (anomaly === undefined) return;
  const smallest = await shrink(failing, anomaly, anomalyOf, MAX_SHRINK_TRIES);
  print(`\nSmallest failing test:\n  ${subject.replay(smallest)}\n`);
  const { trace, ...end } = await run(subject, smallest);
  print(describeTrace(trace, end.result === undefined ? [] : findingsOf(end.result)));
  if (end.result === undefined) print(printable(end.crash.message));
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

/** The progress of a sweep, with an estimate of the time left. */
class SweepProgress {
  readonly #total: number;
  readonly #startedMs = performance.now();
  readonly #view = new LiveView({
    draw: () => this.#line(),
    intervalMs: 200,
    line: () => this.#line(),
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
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const perSecond = (this.#doneCount / seconds).toFixed(1);
    remark(`${this.#doneCount} seeds in ${seconds.toFixed(1)} s, ${perSecond} per second`);
  }

  #line(): string {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const perSecond = this.#doneCount / seconds;
    const left = perSecond > 0 ? Math.ceil((this.#total - this.#doneCount) / perSecond) : "?";
    return `${this.#doneCount} of ${this.#total} seeds, ${this.#failedCount} not valid, ${perSecond.toFixed(1)} per second, ${left} s left`;
  }
}

function seedsArgument(text: string): number[] {
  return withReason(() => parseSeeds(text));
}

function shardArgument(text: string): Shard {
  return withReason(() => parseShard(text));
}

function withReason<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new InvalidArgumentError(`${error instanceof Error ? error.message : error}.`);
  }
}
