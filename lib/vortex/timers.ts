import type { Cancel, Clock } from "./host.ts";

/** The timers of one node. Callbacks must not throw. */
export class Timers {
  readonly #clock: Clock;
  readonly #onOneShotEnd: () => void;
  readonly #cancels = new Set<Cancel>();
  #oneShotCount = 0;

  /** @param onOneShotEnd Called when a one-shot timer has fired or was cancelled. */
  constructor(clock: Clock, onOneShotEnd: () => void) {
    this.#clock = clock;
    this.#onOneShotEnd = onOneShotEnd;
  }

  /** Number of one-shot timers that have neither fired nor been cancelled. */
  get oneShotCount(): number {
    return this.#oneShotCount;
  }

  /** Calls back once, after `delayMs`. */
  after(delayMs: number, callback: () => void): Cancel {
    this.#oneShotCount++;
    const cancelTimer = this.#clock.after(delayMs, () => {
      callback();
      this.#end(cancel);
    });
    const cancel = () => {
      if (this.#end(cancel)) cancelTimer();
    };
    this.#cancels.add(cancel);
    return cancel;
  }

  /** Returns whether a one-shot timer had neither fired nor been cancelled. */
  #end(cancel: Cancel): boolean {
    if (!this.#cancels.delete(cancel)) return false;
    this.#oneShotCount--;
    this.#onOneShotEnd();
    return true;
  }

  /** Calls back at every multiple of `intervalMs` from now; skips missed ticks. */
  every(intervalMs: number, callback: () => void): Cancel {
    let dueMs = this.#clock.nowMs();
    let cancelTick: Cancel;
    const schedule = () => {
      const nowMs = this.#clock.nowMs();
      dueMs += intervalMs * Math.max(1, Math.floor((nowMs - dueMs) / intervalMs) + 1);
      cancelTick = this.#clock.after(dueMs - nowMs, () => {
        schedule();
        callback();
      });
    };
    schedule();
    const cancel = () => {
      this.#cancels.delete(cancel);
      cancelTick();
    };
    this.#cancels.add(cancel);
    return cancel;
  }

  cancelAll(): void {
    for (const cancel of [...this.#cancels]) cancel();
  }
}
