/** `vortex stages`: runs Fly.io's stages and prints a table. */
import { join } from "node:path";
import { Command } from "commander";
import { stringifyJson } from "../../vortex/index.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { comparableOf } from "../maelstrom/maelstrom.ts";
import { REPORT_FILE } from "../report/html/stored-run.ts";
import { type Compared, comparisonTable } from "../report/terminal/comparison.ts";
import { describeDiagnostic } from "../report/terminal/diagnostic.ts";
import { TestProgress } from "../report/terminal/progress.ts";
import { errorLines } from "../report/terminal/result.ts";
import { type StageRow, stagesTable } from "../report/terminal/stages-table.ts";
import { warningLines } from "../report/terminal/warnings.ts";
import type { TestResult } from "../run/results.ts";
import { TestCrash } from "../run/test-crash.ts";
import type { TestOptions } from "../run/test-options.ts";
import { idsOf, STAGES, type Stage } from "../stages/stages.ts";
import { unknownWord } from "../suggestions.ts";
import { EXIT_CODES, exitCodeOf, worstOf } from "./exit-codes.ts";
import { Interrupted, interruptible } from "./interrupt.ts";
import { remark } from "./live.ts";
import { LOADING } from "./loading.ts";
import {
  addMaelstromFlag,
  type MaelstromFlags,
  maelstromCommand,
  runBesideMaelstrom,
} from "./maelstrom-flags.ts";
import { loadNemeses } from "./nemeses.ts";
import { nonNegativeInteger } from "./parsers.ts";
import { runOnProcesses } from "./run-on-processes.ts";
import { stageOptions } from "./stage-options.ts";
import {
  collectBin,
  type ProgramFlags,
  programsOf,
  requireStages,
  type StageProgram,
  stagesToRun,
} from "./stage-programs.ts";
import { loadStages } from "./stage-table.ts";
import { StagesScreen } from "./stages-screen.ts";
import { addStoreFlags, openStore, type StoreFlags } from "./store-flags.ts";

interface Flags extends StoreFlags, MaelstromFlags, ProgramFlags {
  readonly file?: string;
  readonly full?: true;
  readonly json?: true;
  readonly seed?: number;
}

/**
 * Lengths without --full, in seconds. The recovery leaves time for two cycles of the slowest program,
 * which its nodes can need to converge.
 */
const SHORT = { timeLimitS: 5, recoveryS: 4, nemesisIntervalS: 2 } as const;

export function stagesCommand(): Command {
  const command = new Command("stages")
    .description(
      "run the stages of Fly.io's Gossip Glomers on the challenges, or on your own programs",
    )
    .argument("[ids...]", `stages to run: ${idsOf(STAGES).join(", ")}`)
    .option(
      "--full",
      `use the official lengths, and compare figures with targets (default: main phase ${SHORT.timeLimitS} s, recovery ${SHORT.recoveryS} s, nemesis interval ${SHORT.nemesisIntervalS} s)`,
    )
    .option(
      "--file <table>",
      "run the stages of your own table: a file that exports an array of rows, or JSON",
    )
    .option(
      "--bin-dir <dir>",
      "run your own programs from this directory (default: the compiled challenges)",
    )
    .option(
      "--bin <stage=path>",
      "run your own program for a stage (3d), a challenge (3) or a workload (broadcast); repeatable",
      collectBin,
    )
    .option(
      "--seed <integer>",
      "fix every random choice of the tester (default: random)",
      nonNegativeInteger,
    );
  return addMaelstromFlag(addStoreFlags(command))
    .option("--json", "print an array of the results to stdout, and nothing else")
    .addHelpText("after", HELP)
    .action(runStages);
}

const HELP = `
Own programs are executable files in any language, named after the workload
(echo, unique-ids, broadcast, g-counter, kafka, txn-rw-register) or the stage
(3d); "maelstrom-" before the name and an extension may be added. A stage that
is not one of Gossip Glomers (lin-kv, txn-list-append) is left out if the
directory lacks it.

A table of your own is a file that exports an array; paths in it start from
its folder:

  export const stages = [
    { id: "1", name: "One bank", bin: "./bank.py", flags: "-w ./bank.ts --node-count 1" },
    { id: "2", name: "Banks that agree", bin: "./bank.py", args: ["--replicate"],
      flags: "-w ./bank.ts --node-count 3 --nemesis partition", target: { msgsPerOp: 6 } },
  ];

Examples:
  vortex stages --bin-dir ~/go/bin
  vortex stages --bin 1=./echo.py --bin broadcast=./broadcast.sh
  vortex stages --file ./stages.ts

Exit code, of the worst stage: 0 valid, 1 invalid, 2 unknown, 255 crashed.
Missed targets are marked and do not count.`;

async function runStages(ids: readonly string[], given: Flags): Promise<void> {
  const table = given.file === undefined ? STAGES : await loadStages(given.file);
  // A user's table has the lengths that it names.
  const flags: Flags = given.file === undefined ? given : { ...given, full: true };
  checkIds(table, ids);
  requireStages(table, flags);
  const stages = stagesToRun(ids, flags, table);
  const programs = programsOf(stages, flags, table);
  const maelstrom = maelstromCommand(flags);
  const compared: Compared[] = [];
  if (!flags.full) {
    remark(
      `Shortened: main phase ${SHORT.timeLimitS} s, recovery ${SHORT.recoveryS} s, nemesis interval ${SHORT.nemesisIntervalS} s. Use --full to compare figures with targets.`,
    );
  }

  // The table shows the arguments that the programs get.
  const shown = stages.map((stage) => ({ ...stage, args: programs.get(stage)?.args ?? [] }));
  const rows: StageRow[] = shown.map((stage) => ({ stage, state: "waiting" }));
  const screen = new StagesScreen(rows, {
    isFull: flags.full === true,
    lengthS: (stage) => new TestProgress(optionsOf(stage, flags)).lengthS,
  });
  const results: StageResult[] = [];
  let exitCode: number = EXIT_CODES.valid;
  try {
    await interruptible(async (signal) => {
      for (const [index, stage] of stages.entries()) {
        const startedMs = performance.now();
        const program = programs.get(stage);
        if (program === undefined) throw new Error(`Stage ${stage.id} has no program`);
        const options = optionsOf(stage, flags);
        const progress = new TestProgress(options);
        const shownStage = shown[index] ?? stage;
        rows[index] = { stage: shownStage, state: "running", startedMs, progress };
        screen.onStart();
        const stageRun = { stage, program, options, signal, progress };
        const { code, ...outcome } = await runStage(stageRun, flags, screen);
        const tookS = (performance.now() - startedMs) / 1000;
        const row: StageRow = { stage: shownStage, state: "ended", tookS, ...outcome };
        rows[index] = row;
        screen.onEnd(row);
        exitCode = worstOf(exitCode, code);
        const { result } = outcome;
        if (maelstrom === undefined) {
          if (result !== undefined) results.push({ stage: stage.id, ...result });
          continue;
        }
        const onRemark = (text: string) => screen.print(text);
        const run = { command: maelstrom, ...program, options, signal };
        const other = await runBesideMaelstrom(run, flags, onRemark);
        exitCode = worstOf(
          exitCode,
          other === undefined ? EXIT_CODES.crash : exitCodeOf(other.valid),
        );
        const found = other === undefined ? {} : { maelstrom: other };
        const own = result === undefined ? {} : { vortex: comparableOf(result) };
        compared.push({ name: stage.id, ...own, ...found });
        if (result !== undefined) results.push({ stage: stage.id, ...result, ...found });
      }
    });
  } catch (error) {
    screen.end();
    // The stages that have ended keep their results.
    if (error instanceof Interrupted) report(rows.map(interrupted), results, compared, flags);
    throw error;
  }
  screen.end();
  report(rows, results, compared, flags);
  process.exitCode = exitCode;
}

type StageResult = TestResult & { readonly stage: string };

function report(
  rows: readonly StageRow[],
  results: readonly StageResult[],
  compared: readonly Compared[],
  flags: Flags,
): void {
  if (flags.json) console.log(stringifyJson(results));
  else {
    const { isTTY, columns } = process.stdout;
    const isFull = flags.full === true;
    console.log(stagesTable(rows, isTTY ? { isFull, columns } : { isFull }));
  }
  if (!flags.json && compared.length > 0) console.log(comparisonTable(compared));
  if (flags.store !== false) remark(`Stored in ${flags.store}`);
}

function optionsOf(stage: Stage, { seed, full }: Flags): TestOptions {
  return { ...stageOptions(stage, seed), ...(full ? {} : SHORT) };
}

function checkIds(table: readonly Stage[], ids: readonly string[]): void {
  const known = idsOf(table);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown !== undefined) throw new InvalidOptions(unknownWord("stage", unknown, known));
}

interface Outcome {
  readonly result?: TestResult;
  /** Reason for a missing result. */
  readonly crash?: string;
  /** Exit code that "vortex test" would have. */
  readonly code: number;
}

interface StageRun {
  readonly stage: Stage;
  readonly program: StageProgram;
  readonly options: TestOptions;
  readonly signal: AbortSignal;
  readonly progress: TestProgress;
}

async function runStage(
  { stage, program, options, signal, progress }: StageRun,
  flags: Flags,
  screen: StagesScreen,
): Promise<Outcome> {
  const onRemark = (text: string) => screen.print(text);
  try {
    // Those of Gossip Glomers are recognised by their options.
    const target = stage.directory === undefined ? {} : { target: stage.target };
    const store = openStore(flags, { ...program, ...target }, options, onRemark);
    const parts = { nemeses: await loadNemeses(options.nemesis, LOADING) };
    const result = await runOnProcesses(options, {
      ...program,
      parts,
      signal,
      store,
      onRemark,
      onDiagnostic: (diagnostic) => onRemark(describeDiagnostic(diagnostic)),
      onOperation: (operation) => progress.add(operation, performance.now()),
    });
    if (store !== undefined && result.valid !== true) {
      onRemark(`Look at stage ${stage.id}: ${join(store.directory, REPORT_FILE)}`);
    }
    for (const line of stageLines(options.workload, result)) onRemark(`${stage.id}: ${line}`);
    const isStored = store?.problem === undefined;
    return { result, code: isStored ? exitCodeOf(result.valid) : EXIT_CODES.crash };
  } catch (error) {
    // Such as a store directory that vanished. The other stages keep their verdicts.
    if (error instanceof TestCrash || error instanceof InvalidOptions) {
      return { crash: error.message, code: EXIT_CODES.crash };
    }
    throw error;
  }
}

/** The errors of a stage that is not valid, and the warnings of a valid one. */
function stageLines(workload: string, result: TestResult): string[] {
  if (result.valid !== true) return errorLines(workload, result);
  // Some partitions of two or three nodes cut no link, and the stages fix the number of nodes.
  const avoidable = result.warnings?.filter(({ kind }) => kind !== "fault-without-effect");
  return warningLines(avoidable);
}

function interrupted(row: StageRow): StageRow {
  return row.state === "running" ? { stage: row.stage, state: "interrupted" } : row;
}
