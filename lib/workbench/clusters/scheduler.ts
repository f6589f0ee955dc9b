/**
 * Virtual time: a clock that jumps from event to event.
 *
 * Events come in the order of their times, those of one time in the order they were asked for.
 * After each, every promise continuation that it made possible runs to its end; only then comes the
 * next. So what runs under a scheduler, and takes its randomness and input from the same place, does
 * the same thing every time.
 */
import { drainMicrotasks } from "bun:jsc";
import TinyQueue from "tinyqueue";
import type { Cancel, Clock } from "../../vortex/index.ts";

interface Event {
  readonly atNs: number;
  readonly sequence: number;
  callback: (() => void) | undefined;
}

export class Scheduler implements Clock {
  readonly #events = new TinyQueue<Event>([], byTime);
  // Whole nanoseconds, so that adding a delay never gets lost in rounding.
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

  /** Lets the next event happen, and all that follows from it; false when there is none. */
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
   * Runs until a task has ended, and returns what it resolved with.
   *
   * @throws what the task rejected with; an error when nothing is left that could end it.
   */
  run<T>(task: Promise<T>): T {
    let end:
      | { readonly ok: true; readonly value: T }
      | { readonly ok: false; error: unknown }
      | undefined;
    task.then(
      (value) => {
        end = { ok: true, value };
      },
      (error) => {
        end = { ok: false, error };
      },
    );
    drainMicrotasks();
    const ended = () => end;
    while (ended() === undefined && this.step());
    const result = ended();
    if (result === undefined)
      throw new Error("Nothing is left to happen, but the task has not ended");
    if (!result.ok) throw result.error;
    return result.value;
  }
}

function byTime(one: Event, other: Event): number {
  return one.atNs - other.atNs || one.sequence - other.sequence;
}
