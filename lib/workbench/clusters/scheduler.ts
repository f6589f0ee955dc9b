/** Runs the events of a virtual clock in one task. */
import { drainMicrotasks } from "bun:jsc";
import { VirtualClock } from "./virtual-clock.ts";

/** Calls a step until it returns false. */
export type Repeat = (step: () => boolean) => void;

const repeat: Repeat = (step) => {
  while (step());
};

export class Scheduler extends VirtualClock {
  /** Runs the next event and all its promise continuations. Returns false if no event is left. */
  step(): boolean {
    const hasRun = this.runNext();
    if (hasRun) drainMicrotasks();
    return hasRun;
  }

  /**
   * Runs events until a task settles, and returns its result.
   *
   * @param repeatStep Runs the events; it may stop early by throwing.
   * @throws the task's rejection, or an error if no event is left and the task is still pending.
   */
  run<T>(task: Promise<T>, repeatStep = repeat): T {
    let outcome:
      | { readonly ok: true; readonly value: T }
      | { readonly ok: false; error: unknown }
      | undefined;
    task.then(
      (value) => {
        outcome = { ok: true, value };
      },
      (error) => {
        outcome = { ok: false, error };
      },
    );
    drainMicrotasks();
    const settled = () => outcome;
    repeatStep(() => settled() === undefined && this.step());
    const result = settled();
    if (result === undefined) throw new Error("The task is still pending, but no event is left");
    if (!result.ok) throw result.error;
    return result.value;
  }
}
