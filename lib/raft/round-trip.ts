/** The time until an acknowledgement, estimated as in TCP, and that until a repetition. */

/** Smoothing factors of RFC 6298, section 2. */
const [ALPHA, BETA] = [1 / 8, 1 / 4];

export interface TimeoutLimits {
  /** The shortest timeout, in ms. */
  readonly minMs: number;
  /** The first timeout before there is a measurement, in ms. Defaults to the shortest. */
  readonly initialMs?: number;
  readonly maxMs: number;
}

export class RoundTrip {
  readonly #limits: TimeoutLimits;
  #smoothedMs: number | undefined;
  #variationMs = 0;

  constructor(limits: TimeoutLimits) {
    this.#limits = limits;
  }

  /** Adds a measurement. */
  add(roundTripMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = roundTripMs;
      this.#variationMs = roundTripMs / 2;
      return;
    }
    const deviationMs = Math.abs(roundTripMs - this.#smoothedMs);
    this.#variationMs += BETA * (deviationMs - this.#variationMs);
    this.#smoothedMs += ALPHA * (roundTripMs - this.#smoothedMs);
  }

  /** How long to wait before sending for the n-th time again: twice as long each time. */
  timeoutMs(resendCount: number): number {
    const { minMs, initialMs = minMs, maxMs } = this.#limits;
    const firstMs =
      this.#smoothedMs === undefined
        ? initialMs
        : Math.max(minMs, this.#smoothedMs + 4 * this.#variationMs);
    return Math.min(maxMs, firstMs * 2 ** Math.min(resendCount, 10));
  }
}
