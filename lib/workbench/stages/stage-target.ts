/** Recognises the runs of stages. */
import type { TestOptions } from "../run/test-options.ts";
import type { Stage } from "./stages.ts";

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

/** Whether a run is of a stage at its full length, whose options are given. */
export function isOfStage(stage: Stage, official: TestOptions, { args, options }: StageLike) {
  return (
    official.nodeIds.length === options.nodeIds.length &&
    isSame(stage.args ?? [], args) &&
    IDENTIFYING.every((name) => isSame(official[name], options[name]))
  );
}

/** Compares plain data whose fields are in the same order. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
