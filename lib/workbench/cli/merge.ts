/** `vortex merge`: merges the outcomes of a sweep's shards. */
import { statSync } from "node:fs";
import { Command } from "commander";
import * as v from "valibot";
import { stringifyJson } from "../../vortex/index.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { describeSummary } from "../report/terminal/sweep-summary.ts";
import { Outcome } from "../sweep/outcome.ts";
import { isDoubtful, summarize } from "../sweep/summary.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { STRICT_RUN } from "./test-flags.ts";

export function mergeCommand(): Command {
  return new Command("merge")
    .description('merge the outcomes that "vortex sim --seeds ... --shard i/n --out FILE" wrote')
    .argument("<files...>", "files of outcomes; a seed in several files counts once")
    .option("--json", "print the summary as one line of JSON to stdout, and nothing else")
    .option("--strict-run", STRICT_RUN)
    .action(merge);
}

interface MergeFlags {
  readonly json?: true;
  readonly strictRun?: true;
}

async function merge(files: readonly string[], { json, strictRun }: MergeFlags): Promise<void> {
  const bySeed = new Map<number, Outcome>();
  for (const file of files) {
    for (const outcome of await readOutcomes(file)) bySeed.set(outcome.seed, outcome);
  }
  if (bySeed.size === 0) throw new InvalidOptions(`${files.join(", ")}: no outcomes`);
  const summary = summarize([...bySeed.values()]);
  if (json) console.log(stringifyJson(summary));
  else console.log(describeSummary(summary));
  const isUnknown = summary.unknownCount > 0;
  process.exitCode = exitCodeOf(
    summary.invalidCount > 0 ? false : isUnknown ? "unknown" : true,
    strictRun === true && isDoubtful(summary),
  );
}

async function readOutcomes(file: string): Promise<Outcome[]> {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    throw new InvalidOptions(`${file}: a directory. Name the files that --out wrote`);
  }
  if (!(await Bun.file(file).exists())) throw new InvalidOptions(`${file}: file not found`);
  const lines = (await Bun.file(file).text()).split("\n");
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return [v.parse(Outcome, JSON.parse(line))];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new InvalidOptions(`${file}, line ${index + 1}: not an outcome of a sweep: ${reason}`);
    }
  });
}
