/**
 * Runs `vortex sim` commands in this process, and returns what they print to stdout.
 *
 * They are run once, not twice as the command does to check that they are repeatable, and a sweep has
 * one worker, this one.
 */
import { spyOn } from "bun:test";
import { resolve } from "node:path";
import { toArgv } from "../../../lib/workbench/cli/argv.ts";
import { readDecisions } from "../../../lib/workbench/cli/decisions.ts";
import { simCommand } from "../../../lib/workbench/cli/sim/sim.ts";
import { printSmallest } from "../../../lib/workbench/cli/sim/smallest.ts";
import { run, type SimFlags, type Subject } from "../../../lib/workbench/cli/sim/subject.ts";
import { outcome } from "../../../lib/workbench/cli/sim/sweep.ts";
import { testOptions } from "../../../lib/workbench/cli/test-flags.ts";
import { formatResult } from "../../../lib/workbench/report/terminal/result.ts";
import { describeSummary } from "../../../lib/workbench/report/terminal/sweep-summary.ts";
import type { Trace } from "../../../lib/workbench/report/terminal/trace.ts";
import type { TestResult } from "../../../lib/workbench/run/results.ts";
import type { TestOptions } from "../../../lib/workbench/run/test-options.ts";
import { shellCommand } from "../../../lib/workbench/shell.ts";
import { loadProgram } from "../../../lib/workbench/sweep/program.ts";
import { summarize } from "../../../lib/workbench/sweep/summary.ts";
import { temporaryDirectory } from "../processes/vortex.ts";

/** A command that was parsed: its program is loaded. */
export interface SimCommand {
  readonly subject: Subject;
  readonly flags: SimFlags;
}

/**
 * Parses a command.
 *
 * @param text `vortex sim FILE ...`; single quotes around a word are removed.
 * @param directory Where its file is.
 */
export async function parseSim(text: string, directory: string): Promise<SimCommand> {
  const [, , ...words] =
    text.match(/'[^']*'|\S+/g)?.map((word) => word.replace(/^'|'$/g, "")) ?? [];
  let parsed: { file: string; args: readonly string[]; flags: SimFlags } | undefined;
  const command = simCommand()
    .exitOverride()
    .action((file: string, args: readonly string[], flags: SimFlags) => {
      parsed = { file, args, flags };
    });
  await command.parseAsync(words, { from: "user" });
  if (parsed === undefined) throw new Error(`Not a command of vortex sim: ${text}`);
  const { file, args, flags } = parsed;
  const limits = { limitS: flags.stallLimit, onPrinted: () => {} };
  const replay = (options: TestOptions, decisions = flags.decisions) => {
    const replayed = decisions === undefined ? [] : ["--decisions", decisions];
    const own = args.length > 0 ? ["--", ...args] : [];
    return shellCommand(["vortex", "sim", file, ...toArgv(options), ...replayed, ...own]);
  };
  const subject = {
    program: await loadProgram(resolve(directory, file), undefined, limits),
    catalog: { sometimes: [], always: [] },
    file,
    args,
    parts: {},
    modules: [],
    isStrict: false,
    stallLimitS: flags.stallLimit,
    onProgress: () => {},
    options: testOptions(flags),
    decisions: flags.decisions === undefined ? undefined : readDecisions(flags.decisions),
    replay,
  };
  return { subject, flags };
}

/** Runs a command. Returns what it prints to stdout. */
export async function printedBy({ subject, flags }: SimCommand): Promise<string> {
  const log = spyOn(console, "log").mockImplementation(() => {});
  try {
    await (flags.seeds === undefined ? printOne(subject, flags) : printMany(subject, flags));
    return log.mock.calls.map(([text]) => String(text)).join("\n");
  } finally {
    log.mockRestore();
  }
}

/** A run that has a verdict. */
export interface SimRun {
  readonly trace: Trace;
  readonly result: TestResult;
}

/** Runs a command of one seed. */
export async function runSim({ subject }: SimCommand): Promise<SimRun> {
  const { trace, result } = await run(subject, subject.options);
  if (result === undefined) throw new Error(`No verdict: ${subject.replay(subject.options)}`);
  return { trace, result };
}

async function printOne(subject: Subject, flags: SimFlags): Promise<void> {
  const { options } = subject;
  const { result } = await runSim({ subject, flags });
  console.log(formatResult(result, options, flags));
  if (flags.shrink && result.valid !== true) await shrink(subject, options, flags);
}

async function printMany(subject: Subject, flags: SimFlags): Promise<void> {
  const outcomes = [];
  for (const seed of flags.seeds ?? []) {
    outcomes.push(await outcome(subject, { ...subject.options, seed }));
  }
  const summary = summarize(outcomes);
  console.log(describeSummary(summary));
  const [failure] = summary.failures;
  if (flags.shrink && failure !== undefined) {
    await shrink(subject, { ...subject.options, seed: failure.seed }, flags);
  }
}

/** Shrinks on a clock that stands still: on a busy machine the real one would end the search early. */
async function shrink(subject: Subject, failing: TestOptions, flags: SimFlags): Promise<void> {
  const clock = spyOn(process, "cpuUsage").mockReturnValue({ user: 0, system: 0 });
  try {
    await printSmallest(subject, failing, { ...flags, store: temporaryDirectory() });
  } finally {
    clock.mockRestore();
  }
}
