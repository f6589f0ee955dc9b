/** `vortex report`: writes the page of a stored run. */
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
    .description("write report.html, a page to look at, beside what a run has left")
    .argument("[runs...]", "directories of runs", ["store/latest"])
    .addHelpText("after", HELP)
    .action(report);
}

const HELP = `
The page is one file that needs no network. "vortex test --report" writes it at once, and every
test that is not valid does so by itself.

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

/** A run's directory; one of its files may be named in its place. */
function directoryOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new InvalidOptions(`${path}: there is no such directory`);
  if (stats.isDirectory()) return path;
  if (/\.(json|jsonl|html)$/.test(basename(path))) return dirname(path);
  throw new InvalidOptions(`${path}: not a run's directory, such as store/latest`);
}

/**
 * Writes the page of a run that has just ended. One that cannot be written costs no verdict: that
 * is remarked.
 *
 * @param crash Why the run has no results, if it has none.
 */
export async function reportRun(
  { directory }: RunStore,
  onRemark: (text: string) => void = remark,
  crash?: string,
): Promise<void> {
  try {
    await writeReport(directory, { targetOf, ...(crash === undefined ? {} : { crash }) });
  } catch (error) {
    onRemark(`The report could not be written: ${error instanceof Error ? error.message : error}`);
  }
}

/** Says where to find what a run has left. */
export function tellWhere({ directory }: RunStore): void {
  remark(`Stored in ${directory}`);
  const file = join(directory, REPORT_FILE);
  if (existsSync(file)) remark(`Look at it: ${file}`);
}
