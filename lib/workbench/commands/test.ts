/** `vortex test`: runs one test on compiled programs, as `maelstrom test` does. */
import { Command } from "commander";
import { logUpdateStderr } from "log-update";
import { stringifyJson } from "../../vortex/index.ts";
import type { Operation } from "../history.ts";
import type { JournalEvent } from "../journal.ts";
import { describeResult } from "../report/text.ts";
import type { TestResult } from "../results.ts";
import type { TestOptions } from "../test-options.ts";
import { EXIT_CODES, exitCodeOf, lastLineOf } from "./exit-codes.ts";
import { interruptible } from "./interrupt.ts";
import { runOnProcesses } from "./run-on-processes.ts";
import {
  addTestFlags,
  executable,
  positiveInteger,
  remarksOnDashes,
  STRICT_STDOUT,
  type TestFlags,
  testOptions,
} from "./test-flags.ts";

interface Flags extends TestFlags {
  readonly bin: string;
  readonly testCount: number;
  readonly logStderr?: true;
  readonly strictStdout?: true;
  readonly logNetSend?: true;
  readonly logNetRecv?: true;
  readonly json?: true;
}

export function testCommand(): Command {
  const command = new Command("test")
    .description("run a test on a program's nodes, with Maelstrom's flags and verdicts")
    .argument("[args...]", "words for the program, normally after --")
    .requiredOption("--bin <file>", "the program to run");
  return addTestFlags(command)
    .option("--test-count <count>", "run it so often; stops at one not valid", positiveInteger, 1)
    .option("--log-stderr", "show what the nodes print to stderr")
    .option("--strict-stdout", STRICT_STDOUT)
    .option("--log-net-send", "show every message that is sent")
    .option("--log-net-recv", "show every message that is delivered")
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
  255  the test crashed: a node did not start, or ended by itself

Example:
  vortex test -w echo --bin dist/echo --node-count 1 --time-limit 10`;

async function runTests(args: readonly string[], flags: Flags): Promise<void> {
  const bin = executable(flags.bin);
  for (const remark of remarksOnDashes(args)) console.error(remark);
  const first = testOptions(flags);
  for (let run = 0; run < flags.testCount; run++) {
    // Each run differs, and each can be repeated by its own seed.
    const options = { ...first, seed: first.seed + run };
    const result = await interruptible((signal) => runTest(bin, args, options, flags, signal));
    console.error(lastLineOf(result.valid));
    process.exitCode = exitCodeOf(result.valid);
    if (process.exitCode !== EXIT_CODES.valid) return;
  }
}

async function runTest(
  bin: string,
  args: readonly string[],
  options: TestOptions,
  flags: Flags,
  signal: AbortSignal,
): Promise<TestResult> {
  console.error(describeOptions(options));
  const progress = new Progress(options);
  try {
    const result = await runOnProcesses(options, {
      bin,
      args,
      signal,
      isStrict: flags.strictStdout === true,
      onOperation: (operation) => progress.count(operation),
      onRemark: (text) => progress.print(text),
      ...(flags.logStderr ? { onStderr: (node, line) => progress.print(`${node}: ${line}`) } : {}),
      ...(flags.logNetSend || flags.logNetRecv
        ? { onMessage: (event) => logMessage(event, flags, progress) }
        : {}),
    });
    progress.end();
    if (flags.json) console.log(stringifyJson(result));
    else console.log(describeResult(result));
    return result;
  } finally {
    progress.end();
  }
}

function logMessage(event: JournalEvent, flags: Flags, progress: Progress): void {
  const isWanted = event.type === "send" ? flags.logNetSend : flags.logNetRecv;
  if (isWanted) progress.print(`${event.type} ${stringifyJson(event.message)}`);
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

/** A line that counts the operations, where somebody watches. */
class Progress {
  readonly #options: TestOptions;
  readonly #counts = { invoke: 0, ok: 0, fail: 0, info: 0 };
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #timeNs = 0;

  constructor(options: TestOptions) {
    this.#options = options;
    if (process.stderr.isTTY) this.#timer = setInterval(() => this.#show(), 200);
  }

  count(operation: Operation): void {
    this.#timeNs = operation.time;
    if (operation.process !== "nemesis") this.#counts[operation.type]++;
  }

  /** Prints a line above. */
  print(text: string): void {
    if (this.#timer !== undefined) logUpdateStderr.clear();
    console.error(text);
  }

  end(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    logUpdateStderr.clear();
  }

  #show(): void {
    const { ok, fail, info } = this.#counts;
    const seconds = (this.#timeNs / 1e9).toFixed(1);
    const limit = this.#options.timeLimitS;
    logUpdateStderr(`${seconds} of ${limit} s: ${ok} ok, ${fail} fail, ${info} info`);
  }
}
