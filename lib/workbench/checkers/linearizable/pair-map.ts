/** A map from pairs of small numbers to numbers, in a hash table of typed arrays. */

/** The result of `get` for an unknown pair. Not a value. */
export const UNKNOWN = -2;

const EMPTY = -1;
const ENTRY_SIZE = 3;

export class PairMap {
  #size = 0;
  #capacity = 1 << 6;
  /** The pair and its value; {@link EMPTY} in place of the first in a free entry. */
  #entries = new Int32Array(this.#capacity * ENTRY_SIZE).fill(EMPTY);

  get byteLength(): number {
    return this.#entries.byteLength;
  }

  /** @param one, other Not negative. */
  get(one: number, other: number): number {
    const at = this.#find(one, other);
    return this.#entries[at] === EMPTY ? UNKNOWN : (this.#entries[at + 2] ?? UNKNOWN);
  }

  set(one: number, other: number, value: number): void {
    if (this.#size * 2 >= this.#capacity) this.#grow();
    const at = this.#find(one, other);
    if (this.#entries[at] === EMPTY) this.#size++;
    this.#entries[at] = one;
    this.#entries[at + 1] = other;
    this.#entries[at + 2] = value;
  }

  /**
   * Offset of the pair's entry, or of the empty one where it belongs. Pairs with the same first number are
   * near each other, as they are looked up in turn.
   */
  #find(one: number, other: number): number {
    const entries = this.#entries;
    let hash = Math.imul(one, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    for (let slot = (hash ^ (hash >>> 13)) + other; ; slot++) {
      const at = (slot & (this.#capacity - 1)) * ENTRY_SIZE;
      const found = entries[at];
      if (found === EMPTY || (found === one && entries[at + 1] === other)) return at;
    }
  }

  #grow(): void {
    const entries = this.#entries;
    this.#capacity *= 2;
    this.#size = 0;
    this.#entries = new Int32Array(this.#capacity * ENTRY_SIZE).fill(EMPTY);
    for (let at = 0; at < entries.length; at += ENTRY_SIZE) {
      const one = entries[at] ?? EMPTY;
      if (one !== EMPTY) this.set(one, entries[at + 1] ?? 0, entries[at + 2] ?? 0);
    }
  }
}
