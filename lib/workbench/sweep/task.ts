/** A run that a worker carries out, and its answer. */
import * as v from "valibot";
import { Outcome } from "./outcome.ts";

/** A run for a worker: a seed, or what a campaign says beside it. */
export const Task = v.object({
  seed: v.number(),
  /** Name of the run in the corpus. */
  name: v.exactOptional(v.string()),
  /** Name of the run in the corpus that it varies. */
  base: v.exactOptional(v.string()),
  /** Whether the run of this name failed before, and is run again. */
  hasFailed: v.exactOptional(v.boolean()),
});
export type Task = v.InferOutput<typeof Task>;

export const WorkerOutcome = v.object({
  ...Outcome.entries,
  /** Why the simulation does not end. The worker is of no use any more. */
  stall: v.exactOptional(v.string()),
  /** Of a campaign: what was new in the run. */
  features: v.exactOptional(v.array(v.string())),
});
/** The answer of a worker. */
export type WorkerOutcome = v.InferOutput<typeof WorkerOutcome>;

/** A worker's death during a run, in a sentence. */
export const Death = v.object({ death: v.string() });
export type Death = v.InferOutput<typeof Death>;

/** Carries out tasks, on this machine or on others. */
export interface Workers {
  /**
   * Takes tasks, each when a worker has room for it, and calls `onAnswer` once for each, in no particular
   * order. Takes no more once `onAnswer` has returned `false`. Resolves when no task is in hand, or after
   * {@link kill}.
   */
  run(
    tasks: Iterator<Task>,
    onAnswer: (task: Task, answer: WorkerOutcome | Death) => boolean,
  ): Promise<void>;
  /** Ends all of them. What they were doing has no answer. */
  kill(): void;
}
