/** Makes lists smaller that fail a test, and bounds how much that may cost. */

/** Bounds the number of tests, and their time. */
export class Budget {
  readonly #maxTries: number;
  readonly #endMs: number;
  readonly #nowMs: () => number;
  #tryCount = 0;

  /**
   * @param maxMs Time from now on.
   * @param nowMs The clock, in ms.
   */
  constructor(maxTries: number, maxMs: number, nowMs: () => number) {
    this.#maxTries = maxTries;
    this.#nowMs = nowMs;
    this.#endMs = nowMs() + maxMs;
  }

  get tryCount(): number {
    return this.#tryCount;
  }

  get isSpent(): boolean {
    return this.#tryCount >= this.#maxTries || this.#nowMs() >= this.#endMs;
  }

  /** Counts a test. Returns false if there is nothing left for it. */
  take(): boolean {
    if (this.isSpent) return false;
    this.#tryCount++;
    return true;
  }

  /** Makes a budget of a part of what is left, whose tests count here too. */
  part(fraction: number): Budget {
    const leftMs = Math.max(0, this.#endMs - this.#nowMs());
    const maxTries = Math.ceil((this.#maxTries - this.#tryCount) * fraction);
    const parent = this;
    return new (class extends Budget {
      override take(): boolean {
        return !this.isSpent && parent.take() && super.take();
      }
    })(maxTries, leftMs * fraction, this.#nowMs);
  }
}

/**
 * Removes as many items as possible from a list that fails, in parts of half of it down to single items
 * (delta debugging).
 *
 * @param fails Whether a shorter list still fails.
 * @see Zeller, Hildebrandt: Simplifying and Isolating Failure-Inducing Input (2002)
 */
export async function minimize<T>(
  items: readonly T[],
  fails: (fewer: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  if (items.length === 0 || (await fails([]))) return [];
  let kept = items;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
    // From the end: what comes after the failure is of no use to it.
    for (let end = kept.length; end > 0 && kept.length > 1; ) {
      const start = Math.max(0, end - size);
      const fewer = [...kept.slice(0, start), ...kept.slice(end)];
      if (fewer.length > 0 && (await fails(fewer))) kept = fewer;
      end = Math.min(start, kept.length);
    }
  }
  return kept;
}
