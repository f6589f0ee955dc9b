import { resolve } from "node:path";
import { Command } from "commander";
import type { TestOptions } from "../run/test-options.ts";
import { isOfStage, type StageLike } from "../stages/stage-target.ts";
import { STAGES, type Stage, type StageTarget } from "../stages/stages.ts";
import { namesFile } from "../sweep/load-definition.ts";
import { addTestFlags, type TestFlags, testOptions } from "./test-flags.ts";

/** Parses the options of a stage's command. The seed is random by default. */
export function stageOptions(stage: Stage, seed?: number): TestOptions {
  const flags = { ...stageFlags(stage), ...(seed === undefined ? {} : { seed }) };
  return stage.workload === undefined ? testOptions(flags) : testOptions(flags, stage.workload);
}

/** Parses the flags of a stage's command, whose paths start from the directory of its table. */
export function stageFlags({ id, flags, directory }: Stage): TestFlags {
  const words = flags.split(" ").filter((word) => word !== "");
  const parsed = addTestFlags(new Command(id).exitOverride().configureOutput(SILENT))
    .parse(words, { from: "user" })
    .opts<TestFlags>();
  if (directory === undefined) return parsed;
  const here = (word: string) => (namesFile(word) ? resolve(directory, word) : word);
  return { ...parsed, workload: here(parsed.workload), nemesis: parsed.nemesis.map(here) };
}

// Prints nothing: the parser's error says what is wrong.
const SILENT = { writeErr: () => {} };

/** Returns the target of a run, or `undefined` if it is not a stage at its full length. */
export function targetOf(run: StageLike): StageTarget | undefined {
  return STAGES.find((stage) => isOfStage(stage, stageOptions(stage, 0), run))?.target;
}
