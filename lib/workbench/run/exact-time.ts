/** Callbacks and messages at exact times, to the nanosecond. */
import TinyQueue from "tinyqueue";
import type { Clock } from "../../vortex/index.ts";
import type { DeliveryOrder } from "../network/delivery.ts";

/**
 * Calls back at an exact time, after whatever else happens at that time: an operation that followed
 * the end of another one follows it again.
 */
export function afterExactly(clock: Clock, delayMs: number, callback: () => void) {
  let cancel = clock.after(roundedMs(delayMs), () => {
    cancel = clock.after(0, callback);
  });
  return () => cancel();
}

/** A delay of whole nanoseconds, in ms: clocks round up, and must not count an error of arithmetic. */
export function roundedMs(delayMs: number): number {
  return Math.max(0, delayMs - 5e-7);
}

/**
 * Messages that arrive in the same nanosecond do so in the order of these fractions of it, in ms. With
 * 1000 of them the next nanosecond would begin.
 */
export const RANK_MS = 1e-9;

/** Counts within a nanosecond, from 1: what has no latency at all arrives before. */
export class Rank {
  readonly #clock: Clock;
  #nowMs = -1;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(): number {
    const nowMs = this.#clock.nowMs();
    if (nowMs !== this.#nowMs) this.#count = 0;
    this.#nowMs = nowMs;
    return Math.min(++this.#count, 999);
  }
}

/** Releases messages exactly after their latencies. */
export class ExactOrder implements DeliveryOrder {
  readonly #clock: Clock;
  readonly #held = new TinyQueue<Held>([], (one, other) =>
    one.dueNs === other.dueNs ? one.rank - other.rank : one.dueNs - other.dueNs,
  );

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  hold(_: unknown, delayMs: number, release: () => void): void {
    if (delayMs === 0) {
      release();
      return;
    }
    const latencyNs = Math.floor(delayMs * 1e6 + 1e-4);
    const dueNs = this.#nowNs() + latencyNs;
    this.#held.push({ dueNs, rank: delayMs * 1e6 - latencyNs, release });
    this.#clock.after(roundedMs(latencyNs / 1e6), () => this.#release());
  }

  /** Releases all that are due, as an order may have done at once. */
  #release(): void {
    while ((this.#held.peek()?.dueNs ?? Number.POSITIVE_INFINITY) <= this.#nowNs()) {
      this.#held.pop()?.release();
    }
  }

  #nowNs(): number {
    return Math.round(this.#clock.nowMs() * 1e6);
  }
}

interface Held {
  readonly dueNs: number;
  /** Order among those of the same time. */
  readonly rank: number;
  readonly release: () => void;
}
