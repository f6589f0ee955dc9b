/** Longest sample that counts, in ms: anything longer was a pause of one of the two nodes. */
const MAX_SAMPLE_MS = 2000;

/**
 * Estimate of the round trip to a peer, as TCP computes it: a moving mean and a moving deviation.
 *
 * @see Jacobson, "Congestion Avoidance and Control" (1988); RFC 6298
 */
export class RoundTrip {
  readonly #slackMs: number;
  #meanMs: number | undefined;
  #deviationMs = 0;

  /** @param slackMs Least jitter to assume, in ms, however regular the samples are. */
  constructor(slackMs: number) {
    this.#slackMs = slackMs;
  }

  /** Mean round trip in ms; `undefined` before the first sample. */
  get meanMs(): number | undefined {
    return this.#meanMs;
  }

  /** Deviation from the mean that few round trips exceed, in ms. */
  get jitterMs(): number {
    return 3 * this.#deviationMs + this.#slackMs;
  }

  add(measuredMs: number): void {
    const sampleMs = Math.min(measuredMs, MAX_SAMPLE_MS);
    if (this.#meanMs === undefined) {
      this.#meanMs = sampleMs;
      return;
    }
    const errorMs = sampleMs - this.#meanMs;
    // Follows a faster network sooner than a slower one.
    this.#meanMs += errorMs < 0 ? errorMs / 4 : errorMs / 8;
    this.#deviationMs += (Math.abs(errorMs) - this.#deviationMs) / 4;
  }
}
