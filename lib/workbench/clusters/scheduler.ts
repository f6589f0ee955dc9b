/**
 * A virtual clock that jumps from event to event.
 *
 * Events run in the order of their times; events of the same time run in the order they were
 * scheduled. Before the next event, all promise continuations of the last one run. So code under a
 * scheduler is deterministic, as long as its randomness and input are.
 */
import { drainMicrotasks } from "bun:jsc";
import TinyQueue from "tinyqueue";
import type { Cancel, Clock } from "../../vortex/index.ts";

interface Event {
  readonly atNs: number;
  readonly sequence: number;
  callback: (() => void) | undefined;
}

/** Calls a step until it returns false. */
export type Repeat = (step: () => boolean) => void;

const repeat: Repeat = (step) => {
  while (step());
};

export class Scheduler implements Clock {
  readonly #events = new TinyQueue<Event>([], byTime);
  // Whole nanoseconds, so that no delay is lost in rounding.
  #nowNs = 0;
  #sequence = 0;

  nowMs(): number {
    return this.#nowNs / 1e6;
  }

  after(delayMs: number, callback: () => void): Cancel {
    const atNs = this.#nowNs + Math.max(0, Math.ceil(delayMs * 1e6));
    const event: Event = { atNs, sequence: this.#sequence++, callback };
    this.#events.push(event);
    return () => {
      event.callback = undefined;
    };
  }

  /** Runs the next event and all its promise continuations. Returns false if no event is left. */
  step(): boolean {
    for (let event = this.#events.pop(); event !== undefined; event = this.#events.pop()) {
      if (event.callback === undefined) continue;
      this.#nowNs = event.atNs;
      event.callback();
      drainMicrotasks();
      return true;
    }
    return false;
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

function byTime(one: Event, other: Event): number {
  return one.atNs - other.atNs || one.sequence - other.sequence;
}
