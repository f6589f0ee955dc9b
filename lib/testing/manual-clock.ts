import type { Cancel, Clock } from "../vortex/index.ts";
import { requireMilliseconds } from "../vortex/milliseconds.ts";

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that only a test advances. It starts at 0. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #nowMs = 0;

  /** The time in ms. */
  nowMs(): number {
    return this.#nowMs;
  }

  /** Sets a timer, which fires when the test advances the clock to its time. */
  after(delayMs: number, callback: () => void): Cancel {
    requireMilliseconds("The delay", delayMs, this.after);
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Number of timers that have neither fired nor been cancelled. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** The time of the next timer in ms; `undefined` when none is set. */
  get nextDueMs(): number | undefined {
    return this.#next(Number.POSITIVE_INFINITY)?.dueMs;
  }

  /** Advances the clock by a duration, firing each timer at its own time. */
  async advance(byMs: number): Promise<void> {
    requireMilliseconds("The duration", byMs, this.advance);
    await this.advanceTo(this.#nowMs + byMs);
  }

  /** Advances the clock to a time, firing each timer at its own time. */
  async advanceTo(endMs: number): Promise<void> {
    requireMilliseconds("The time", endMs, this.advanceTo);
    await settled();
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      await this.#fire(timer);
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  /** Advances the clock as if the process were paused: all timers that fall due fire late. */
  async pause(forMs: number): Promise<void> {
    requireMilliseconds("The pause", forMs, this.pause);
    this.#nowMs += forMs;
    const nowMs = this.#nowMs;
    for (let timer = this.#next(nowMs); timer !== undefined; timer = this.#next(nowMs)) {
      await this.#fire(timer);
    }
  }

  #next(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) {
        first = timer;
      }
    }
    return first;
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.delete(timer);
    timer.callback();
    await settled();
  }
}

/** Resolves when all pending promise continuations have run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
