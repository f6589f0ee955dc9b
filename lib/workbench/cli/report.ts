/** `vortex report`: writes the report of a stored run. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Command } from "commander";
import { InvalidOptions } from "../invalid-options.ts";
import { REPORT_FILE, writeReport } from "../report/html/stored-run.ts";
import type { RunStore } from "../store/run-store.ts";
import { remark } from "./live.ts";
import { targetOf } from "./stage-options.ts";

export function reportCommand(): Command {
  return new Command("report")
    .description("write report.html, a page that shows a stored run, into its directory")
    .argument("[runs...]", "directories of runs", ["store/latest"])
    .addHelpText("after", HELP)
    .action(report);
}

const HELP = `
The page is one file and needs no network. "vortex test" writes it too: with
--report, and whenever the run is not valid.

Example:
  vortex report store/latest`;

async function report(runs: readonly string[]): Promise<void> {
  for (const run of runs) {
    const directory = directoryOf(run);
    try {
      console.log(await writeReport(directory, { targetOf }));
    } catch (error) {
      throw new InvalidOptions(error instanceof Error ? error.message : String(error));
    }
  }
}

/** Returns a run's directory, given the directory or one of its files. */
function directoryOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new InvalidOptions(`${path}: directory not found`);
  if (stats.isDirectory()) return path;
  if (/\.(json|jsonl|html)$/.test(basename(path))) return dirname(path);
  throw new InvalidOptions(`${path}: not a run's directory, such as store/latest`);
}

/**
 * Writes the report of a run that has just ended. A failure is remarked and does not change the
 * verdict.
 */
export async function reportRun(
  { directory }: RunStore,
  onRemark: (text: string) => void = remark,
): Promise<void> {
  try {
    await writeReport(directory, { targetOf });
  } catch (error) {
    onRemark(`Cannot write the report: ${error instanceof Error ? error.message : error}`);
  }
}

/** Remarks where the run and its report are stored. */
export function remarkLocation({ directory }: RunStore): void {
  remark(`Stored in ${directory}`);
  const file = join(directory, REPORT_FILE);
  if (existsSync(file)) remark(`Report: ${file}`);
}
