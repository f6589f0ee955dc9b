import { Command } from "commander";
import type { TestOptions } from "../run/test-options.ts";
import { STAGES, type Stage, type Target } from "../stages/stages.ts";
import { addTestFlags, type TestFlags, testOptions } from "./test-flags.ts";

/** Parses the options of a stage's command. The seed is random by default. */
export function stageOptions({ id, flags }: Stage, seed?: number): TestOptions {
  const command = addTestFlags(new Command(id)).parse(flags.split(" "), { from: "user" });
  return testOptions({ ...command.opts<TestFlags>(), ...(seed === undefined ? {} : { seed }) });
}

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
