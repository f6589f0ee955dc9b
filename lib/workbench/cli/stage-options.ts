import { Command } from "commander";
import type { TestOptions } from "../run/test-options.ts";
import { STAGES, type Stage, type Target } from "../stages/stages.ts";
import { addTestFlags, type TestFlags, testOptions } from "./test-flags.ts";

/** What a stage's command means, with a random seed unless one is given. */
export function stageOptions({ id, flags }: Stage, seed?: number): TestOptions {
  const command = addTestFlags(new Command(id)).parse(flags.split(" "), { from: "user" });
  return testOptions({ ...command.opts<TestFlags>(), ...(seed === undefined ? {} : { seed }) });
}

/** What decides whether a test is a stage's: all else may differ. */
const DECISIVE = [
  "workload",
  "concurrency",
  "rate",
  "timeLimitS",
  "latency",
  "nemesis",
  "availability",
] as const satisfies readonly (keyof TestOptions)[];

/** The part of a run's description that says which stage it is. */
export interface StageLike {
  readonly args: readonly string[];
  readonly options: { readonly [option in (typeof DECISIVE)[number]]?: unknown } & {
    readonly nodeIds: readonly string[];
  };
}

/** What a run like this should reach: `undefined` if it is no stage at its full length. */
export function targetOf({ args, options }: StageLike): Target | undefined {
  return STAGES.find((stage) => {
    const wanted = stageOptions(stage, 0);
    return (
      wanted.nodeIds.length === options.nodeIds.length &&
      Bun.deepEquals(stage.args ?? [], args) &&
      DECISIVE.every((name) => Bun.deepEquals(wanted[name], options[name]))
    );
  })?.target;
}
