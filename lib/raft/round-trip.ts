/** The time until an acknowledgement, estimated as in TCP, and that until a repetition. */

/** Initial estimate, and the lower bound of the timeout, in ms. */
const MIN_TIMEOUT_MS = 50;

/** Smoothing factors of RFC 6298, section 2. */
const [ALPHA, BETA] = [1 / 8, 1 / 4];

export class RoundTrip {
  readonly #maxTimeoutMs: number;
  #smoothedMs: number | undefined;
  #variationMs = 0;

  constructor(maxTimeoutMs: number) {
    this.#maxTimeoutMs = maxTimeoutMs;
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
    const estimateMs = (this.#smoothedMs ?? 0) + 4 * this.#variationMs;
    const firstMs = Math.max(MIN_TIMEOUT_MS, estimateMs);
    return Math.min(this.#maxTimeoutMs, firstMs * 2 ** Math.min(resendCount, 10));
  }
}
