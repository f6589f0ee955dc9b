/** The time that a request has, and the delays between its attempts. */
export class Deadline {
  readonly #endMs: number;
  #backOffMs = FIRST_DELAY_MS;
  #readMs = FIRST_READ_MS;

  constructor(timeoutMs: number) {
    this.#endMs = performance.now() + timeoutMs;
  }

  get isOver(): boolean {
    return performance.now() >= this.#endMs;
  }

  /**
   * How long to wait for one answer of a server. The last attempt may exceed the deadline: with less
   * time, even a refusal would come too late, and the outcome would be unknown.
   */
  get attemptMs(): number {
    return Math.max(MIN_ATTEMPT_MS, Math.min(ATTEMPT_MS, this.#endMs - performance.now()));
  }

  /**
   * How long to wait for the answer to a read. The replica that gets it may be away, and the next
   * attempt goes to any: so not long at first.
   */
  get readMs(): number {
    return Math.min(this.#readMs, this.attemptMs);
  }

  /** Waits before the next attempt: longer each time, and randomly, so that rivals part. */
  async pause(): Promise<void> {
    await Bun.sleep(Math.min(Math.random() * this.#backOffMs, this.attemptMs));
    this.#backOffMs = Math.min(2 * this.#backOffMs, MAX_DELAY_MS);
    this.#readMs *= 2;
  }
}

/** An answer takes milliseconds. After this time the request or its answer is lost. */
export const ATTEMPT_MS = 1000;
const MIN_ATTEMPT_MS = 250;
const FIRST_READ_MS = 100;
const [FIRST_DELAY_MS, MAX_DELAY_MS] = [4, 100];
