/** Limits the memory of searches, which share it. */

/** About how many bytes the searches of a check may use together, by default. */
export const MAX_BYTES = 512 * 2 ** 20;

export class Memory {
  readonly #limit: number;
  #used = 0;

  /** @param limit In bytes. */
  constructor(limit = MAX_BYTES) {
    this.#limit = limit;
  }

  get isExhausted(): boolean {
    return this.#used > this.#limit;
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
  }
}
