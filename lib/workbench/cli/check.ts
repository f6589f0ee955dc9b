/** `vortex check`: checks stored histories again. */
import { Command } from "commander";
import { stringifyJson } from "../../vortex/index.ts";
import type { CheckOptions } from "../checkers/checker.ts";
import { InvalidOptions } from "../invalid-options.ts";
import {
  type CheckedHistory,
  describeChecked,
  describeValidity,
} from "../report/terminal/checked-history.ts";
import { checkStored, checkStoredHistory } from "../run/check-history.ts";
import { DEFAULTS } from "../run/test-options.ts";
import type { StoredHistory } from "../store/stored-history.ts";
import { type ChosenWorkload, chooseWorkload } from "../sweep/workload-file.ts";
import { EXIT_CODES, exitCodeOf, worstOf } from "./exit-codes.ts";
import { readHistoryFile } from "./history-files.ts";
import { remark } from "./live.ts";
import { LOADING } from "./loading.ts";
import { list, part } from "./parsers.ts";
import { workloadOption } from "./test-flags.ts";

interface Flags extends CheckOptions {
  readonly workload?: string;
  readonly json?: true;
  readonly verbose?: true;
}

export function checkCommand(): Command {
  return new Command("check")
    .description("check stored histories again, and explain the verdicts")
    .argument("<files...>", "stored runs, cases of a corpus, or Maelstrom's history.edn")
    .addOption(
      workloadOption(
        "workload of the history, if the file does not name it (history.edn): a file, or",
      ),
    )
    .option(
      "--consistency-models <models>",
      "consistency models to check instead of the stored ones",
      list,
    )
    .option(
      "--availability <part>",
      'required fraction of ok operations instead of the stored one: "total" or 0 to 1',
      part,
    )
    .option("--verbose", "print every field of the verdicts, and all findings")
    .option("--json", "print one line of JSON per history to stdout, and nothing else")
    .addHelpText("after", HELP)
    .action(checkFiles);
}

const HELP = `
Files:
  store/latest               directory of a run; its history.jsonl or results.json
  case.json, cases.jsonl.gz  a case of a corpus; one case per line
  history.edn                history of a run of Maelstrom
Each can be gzipped.

Exit code, of the worst file: 0 valid, 1 invalid, 2 unknown, 255 not readable.

Examples:
  vortex check store/latest
  vortex check -w lin-kv ~/maelstrom/store/latest/history.edn`;

async function checkFiles(files: readonly string[], flags: Flags): Promise<void> {
  const report = flags.json ? new JsonReport() : new TextReport(flags.verbose);
  let exitCode: number = EXIT_CODES.valid;
  for (const file of files) {
    try {
      for await (const stored of readHistoryFile(file)) {
        const checked = await checkOne(file, stored, flags);
        report.add(checked);
        exitCode = worstOf(exitCode, exitCodeOf(checked.check.overallValid));
      }
    } catch (error) {
      report.addBroken(file, error instanceof Error ? error.message : String(error));
      exitCode = worstOf(exitCode, EXIT_CODES.crash);
    }
  }
  report.end();
  process.exitCode = exitCode;
}

async function checkOne(
  file: string,
  stored: StoredHistory,
  flags: Flags,
): Promise<CheckedHistory> {
  const { history, number, expected, alsoUnder } = stored;
  const { workload: name, definition: workload = name } = await workloadOf(stored, flags);
  const options = { ...DEFAULT_OPTIONS, ...stored.options, ...asked(flags) };
  const under = alsoUnder?.map(({ consistencyModels }) => ({
    consistencyModels,
    ...checkStoredHistory(workload, history, { ...options, consistencyModels }),
  }));
  return {
    file,
    workload: name,
    operationCount: history.length,
    ...checkStored(workload, history, options),
    ...(number === undefined ? {} : { number }),
    ...(expected === undefined ? {} : { expected }),
    ...(under === undefined ? {} : { alsoUnder: under }),
  };
}

async function workloadOf(
  { workload, workloadFile }: StoredHistory,
  { workload: asked }: Flags,
): Promise<ChosenWorkload> {
  const word = asked ?? workloadFile ?? workload;
  if (word === undefined) {
    throw new Error("the file does not name the workload. Name it with -w, as in -w lin-kv");
  }
  try {
    return await chooseWorkload(word, LOADING);
  } catch (error) {
    if (asked !== undefined || !(error instanceof InvalidOptions)) throw error;
    throw new Error(`${error.message}. Name the workload with -w if it is elsewhere now`);
  }
}

const DEFAULT_OPTIONS = { consistencyModels: DEFAULTS.consistencyModels } satisfies CheckOptions;

function asked({ availability, consistencyModels }: Flags): CheckOptions {
  return {
    ...(availability === undefined ? {} : { availability }),
    ...(consistencyModels === undefined ? {} : { consistencyModels }),
  };
}

interface Report {
  add(checked: CheckedHistory): void;
  /** Reports a file that cannot be read to its end. */
  addBroken(file: string, error: string): void;
  end(): void;
}

/** Prints JSON, one line per history. */
class JsonReport implements Report {
  add({ file, number, check, alsoUnder }: CheckedHistory): void {
    const { explanation, ...fields } = check;
    console.log(
      stringifyJson({
        file,
        ...(number === undefined ? {} : { number }),
        ...fields,
        ...(alsoUnder === undefined ? {} : { alsoUnder }),
        explanation,
      }),
    );
  }

  addBroken(file: string, error: string): void {
    console.log(stringifyJson({ file, error }));
  }

  end(): void {}
}

/** Prints verdicts with their reasons and, for several histories, their counts. */
class TextReport implements Report {
  readonly #isVerbose: boolean;
  readonly #counts = new Map<string, number>();

  constructor(isVerbose = false) {
    this.#isVerbose = isVerbose;
  }

  add(checked: CheckedHistory): void {
    console.log(describeChecked(checked, this.#isVerbose));
    this.#count(describeValidity(checked.check.overallValid));
  }

  addBroken(file: string, error: string): void {
    remark(`Cannot check ${file}: ${error}`);
    this.#count("broken");
  }

  end(): void {
    const counts = [...this.#counts];
    if (counts.reduce((sum, [, count]) => sum + count, 0) < 2) return;
    console.error(counts.map(([name, count]) => `${count} ${name}`).join(", "));
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}
