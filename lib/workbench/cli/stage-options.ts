import { resolve } from "node:path";
import { Command } from "commander";
import type { TestOptions } from "../run/test-options.ts";
import { STAGES, type Stage } from "../stages/stages.ts";
import { namesFile } from "../sweep/load-definition.ts";
import type { Target } from "../workloads/stage.ts";
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

// What is wrong is told by the error that the parser throws.
const SILENT = { writeErr: () => {} };

/** Options that identify a stage, besides the number of nodes. */
const IDENTIFYING = [
  "workload",
  "concurrency",
  "rate",
  "timeLimitS",
  "latency",
  "nemesis",
  "availability",
] as const satisfies readonly (keyof TestOptions)[];

/** The part of a run's description that identifies its stage. */
export interface StageLike {
  readonly args: readonly string[];
  readonly options: { readonly [option in (typeof IDENTIFYING)[number]]?: unknown } & {
    readonly nodeIds: readonly string[];
  };
}

/** Returns the target of a run, or `undefined` if it is not a stage at its full length. */
export function targetOf({ args, options }: StageLike): Target | undefined {
  return STAGES.find((stage) => {
    const official = stageOptions(stage, 0);
    return (
      official.nodeIds.length === options.nodeIds.length &&
      Bun.deepEquals(stage.args ?? [], args) &&
      IDENTIFYING.every((name) => Bun.deepEquals(official[name], options[name]))
    );
  })?.target;
}
