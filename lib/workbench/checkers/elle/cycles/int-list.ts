/** A growing list of 32-bit integers: half the memory of an array of numbers, and no boxing. */
export class IntList {
  #items = new Int32Array(16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: number): void {
    if (this.#length === this.#items.length) {
      const grown = new Int32Array(this.#items.length * 2);
      grown.set(this.#items);
      this.#items = grown;
    }
    this.#items[this.#length++] = item;
  }

  /** Returns the item at an index, which must exist. */
  get(index: number): number {
    return this.#items[index] as number;
  }

  /** Returns the items as a view, which is valid until the next push. */
  items(): Int32Array {
    return this.#items.subarray(0, this.#length);
  }
}
