/** Runs many seeds, and collects their outcomes. */
import type { Outcome } from "./outcome.ts";
import type { Task, Workers } from "./task.ts";

export interface SweepOptions {
  readonly workers: Workers;
  readonly signal: AbortSignal;
  /** Number of seeds without the verdict "valid" that ends the sweep. */
  readonly stopAfter: number;
  /** @param features What was new in the run for its worker; of a campaign. */
  readonly onOutcome: (outcome: Outcome, task: Task, features?: readonly string[]) => void;
  /** Makes the outcome of a run whose worker died. */
  readonly outcomeOfDeath: (task: Task, reason: string) => Outcome;
}

/**
 * Runs the tasks and resolves with their outcomes, in no particular order.
 *
 * A worker that dies ends the sweep: its run gets the outcome of a crash, the other workers are
 * killed, and the outcomes so far are returned.
 *
 * @throws the reason of `signal` once it is aborted.
 */
export async function sweep(
  tasks: Iterator<Task>,
  { workers, signal, stopAfter, onOutcome, outcomeOfDeath }: SweepOptions,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let failureCount = 0;
  const stop = () => workers.kill();
  const add = (outcome: Outcome, task: Task, features?: readonly string[]) => {
    outcomes.push(outcome);
    if (outcome.valid !== true) failureCount++;
    onOutcome(outcome, task, features);
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (!signal.aborted) {
      await workers.run(tasks, (task, answer) => {
        if ("death" in answer) {
          stop();
          add(outcomeOfDeath(task, answer.death), task);
          return false;
        }
        const { features, ...outcome } = answer;
        add(outcome, task, features);
        return failureCount < stopAfter;
      });
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
  signal.throwIfAborted();
  return outcomes;
}
