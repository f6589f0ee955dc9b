import type { Cancel, Clock } from "../vortex/index.ts";
import { requireMilliseconds } from "../vortex/milliseconds.ts";

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. It starts at 0. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #nowMs = 0;

  /** Milliseconds that the test has let pass. */
  nowMs(): number {
    return this.#nowMs;
  }

  /** Sets a timer, which fires when the test moves the clock to its time or past it. */
  after(delayMs: number, callback: () => void): Cancel {
    requireMilliseconds("The delay", delayMs, this.after);
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers are set: 0 when nothing was left behind. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** When the next timer falls due, in ms; `undefined` when none is set. */
  get nextDueMs(): number | undefined {
    return this.#next(Number.POSITIVE_INFINITY)?.dueMs;
  }

  /** Moves time on, firing what falls due, each timer at its own time. */
  async advance(byMs: number): Promise<void> {
    requireMilliseconds("The time to pass", byMs, this.advance);
    await this.advanceTo(this.#nowMs + byMs);
  }

  /** Moves time on to a moment, firing what falls due, each timer at its own time. */
  async advanceTo(endMs: number): Promise<void> {
    requireMilliseconds("The time to reach", endMs, this.advanceTo);
    await settled();
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      await this.#fire(timer);
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  /** Moves time on as if the process had been paused meanwhile: what fell due fires late. */
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

/** Resolves when all promise continuations that can run by now have run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
