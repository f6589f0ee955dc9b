/** `vortex test`: runs one test on compiled programs, as `maelstrom test` does. */
import { Command } from "commander";
import { stringifyJson } from "../../vortex/index.ts";
import type { Operation } from "../history/history.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { comparableOf, maelstromArgs } from "../maelstrom/maelstrom.ts";
import { messageText } from "../network/delivery.ts";
import type { JournalEvent } from "../network/journal.ts";
import { comparisonTable } from "../report/terminal/comparison.ts";
import { describeDiagnostic } from "../report/terminal/diagnostic.ts";
import { fitLines, TestProgress } from "../report/terminal/progress.ts";
import { shownResult } from "../report/terminal/text.ts";
import type { TestOptions } from "../run/test-options.ts";
import { executable } from "./executable.ts";
import { EXIT_CODES, exitCodeOf, lastLineOf, worstOf } from "./exit-codes.ts";
import { interruptible } from "./interrupt.ts";
import { LiveView, remark } from "./live.ts";
import {
  addMaelstromFlag,
  type MaelstromFlags,
  maelstromCommand,
  runBesideMaelstrom,
} from "./maelstrom-flags.ts";
import { positiveInteger } from "./parsers.ts";
import { remarksOn } from "./remarks.ts";
import { tellWhere } from "./report.ts";
import { runOnProcesses } from "./run-on-processes.ts";
import { addStoreFlags, openStore, type ProgramCommand, type StoreFlags } from "./store-flags.ts";
import {
  addTestFlags,
  addUnusedFlags,
  STRICT_STDOUT,
  type TestFlags,
  testOptions,
  VERBOSE,
} from "./test-flags.ts";

interface Flags extends TestFlags, StoreFlags, MaelstromFlags {
  /** There unless it was forgotten: a mistyped flag is told of first. */
  readonly bin?: string;
  readonly testCount: number;
  readonly logStderr?: true;
  readonly strictStdout?: true;
  readonly logNetSend?: true;
  readonly logNetRecv?: true;
  readonly json?: true;
  readonly report?: true;
  readonly verbose?: true;
}

export function testCommand(): Command {
  const command = new Command("test")
    .description("run a test on a program's nodes, with Maelstrom's flags and verdicts")
    .argument("[args...]", "words for the program, normally after --")
    .option("--bin <file>", "the program to run: it must be given");
  return addMaelstromFlag(addStoreFlags(addUnusedFlags(addTestFlags(command), remark)))
    .option("--test-count <count>", "run it so often; stops at one not valid", positiveInteger, 1)
    .option("--log-stderr", "show what the nodes print to stderr")
    .option("--strict-stdout", STRICT_STDOUT)
    .option("--log-net-send", "show every message that is sent")
    .option("--log-net-recv", "show every message that is delivered")
    .option("--report", "write report.html, a page to look at, even if the test is valid")
    .option("--verbose", VERBOSE)
    .option("--json", "print the result as one line of JSON, and nothing else, to stdout")
    .addHelpText("after", EXIT_CODE_HELP)
    .action(runTests);
}

const EXIT_CODE_HELP = `
Exit codes:
  0    valid
  1    invalid
  2    unknown: an error kept a checker from its verdict
  130  interrupted
  254  bad arguments
  255  the test crashed: a node did not start, ended by itself, or did not keep up with what
       was sent to it; or the run could not be stored

Example:
  vortex test -w echo --bin dist/echo --node-count 1 --time-limit 10`;

async function runTests(args: readonly string[], flags: Flags): Promise<void> {
  if (flags.bin === undefined) {
    throw new InvalidOptions("--bin says which program to run, as in --bin dist/echo");
  }
  const bin = executable(flags.bin);
  const first = testOptions(flags);
  const maelstrom = maelstromCommand(flags);
  // What Maelstrom does not have is said before anything is run.
  if (maelstrom !== undefined) maelstromArgs(first, bin, args);
  for (const text of remarksOn(args, first)) remark(text);
  if (flags.report && flags.store === false) {
    throw new InvalidOptions(
      "--report needs a place to write to, so it does not go with --no-store",
    );
  }
  for (let run = 0; run < flags.testCount; run++) {
    // Each run differs, and each can be repeated by its own seed.
    const options = { ...first, seed: first.seed + run };
    process.exitCode = await interruptible((signal) =>
      runTest({ bin, args, maelstrom }, options, flags, signal),
    );
    if (process.exitCode !== EXIT_CODES.valid) return;
  }
}

/** Runs one test and reports it; returns the code to exit with. */
async function runTest(
  { bin, args, maelstrom }: ProgramCommand & { readonly maelstrom: string | undefined },
  options: TestOptions,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  remark(describeOptions(options));
  const progress = new Progress(options);
  const onRemark = (text: string) => progress.print(text);
  try {
    const isStrict = flags.strictStdout === true;
    const store = openStore(flags, { bin, args, isStrict }, options, onRemark);
    const result = await runOnProcesses(options, {
      bin,
      args,
      signal,
      isStrict,
      store,
      wantsReport: flags.report === true,
      onOperation: (operation) => progress.count(operation),
      onDiagnostic: (diagnostic) => onRemark(describeDiagnostic(diagnostic)),
      onRemark,
      ...(flags.logStderr ? { onStderr: (node, line) => progress.print(`${node}: ${line}`) } : {}),
      ...(flags.logNetSend || flags.logNetRecv
        ? { onMessage: (event) => logMessage(event, flags, progress) }
        : {}),
    });
    progress.end();
    if (!flags.json) console.log(shownResult(result, options, flags));
    if (store !== undefined) tellWhere(store);
    remark(lastLineOf(result.valid));
    let exitCode = exitCodeOf(result.valid);
    if (maelstrom === undefined) {
      if (flags.json) console.log(stringifyJson(result));
    } else {
      const run = { command: maelstrom, bin, args, options, signal };
      const other = await runBesideMaelstrom(run, flags, remark);
      exitCode = worstOf(
        exitCode,
        other === undefined ? EXIT_CODES.crash : exitCodeOf(other.valid),
      );
      const found = other === undefined ? {} : { maelstrom: other };
      const compared = { name: options.workload, vortex: comparableOf(result), ...found };
      if (flags.json) console.log(stringifyJson({ ...result, ...found }));
      else console.log(comparisonTable([compared]));
    }
    if (store?.problem === undefined) return exitCode;
    remark(`error: ${store.problem.message}; the verdict above stands`);
    return EXIT_CODES.crash;
  } finally {
    progress.end();
  }
}

function logMessage(event: JournalEvent, flags: Flags, progress: Progress): void {
  const isWanted = event.type === "send" ? flags.logNetSend : flags.logNetRecv;
  if (isWanted) progress.print(`${event.type} ${messageText(event.message)}`);
}

function describeOptions({
  workload,
  nodeIds,
  concurrency,
  rate,
  timeLimitS,
  seed,
}: TestOptions): string {
  const clients = concurrency === 1 ? "1 client" : `${concurrency} clients`;
  const nodes = nodeIds.length === 1 ? "1 node" : `${nodeIds.length} nodes`;
  return `${workload}: ${nodes}, ${clients}, ${rate}/s, ${timeLimitS} s, seed ${seed}`;
}

/** How far the test is, where somebody watches on a line or a few that are redrawn. */
class Progress {
  readonly #progress: TestProgress;
  readonly #view: LiveView;

  constructor(options: TestOptions) {
    this.#progress = new TestProgress(options);
    this.#view = new LiveView({
      draw: () => fitLines(this.#parts(), process.stderr.columns),
      intervalMs: 200,
      tell: () => this.#parts().join("; "),
    });
  }

  count(operation: Operation): void {
    this.#progress.add(operation, performance.now());
  }

  /** Prints a line above. */
  print(text: string): void {
    this.#view.print(text);
  }

  end(): void {
    this.#view.end();
  }

  #parts(): string[] {
    return this.#progress.describe(performance.now());
  }
}
