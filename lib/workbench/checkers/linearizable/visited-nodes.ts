/** The nodes that a search has visited, in a hash table of typed arrays. */
import type { Memory } from "./memory.ts";

/** Offsets in an entry: the next one with the same hash, the return, the state; then the bits. */
const NEXT = 0;
const RETURN = 1;
const STATE = 2;
const BITS = 3;

const NONE = -1;

/** Maximum length of the array of entries: entries are found by 32-bit integers. */
const MAX_LENGTH = 1 << 29;

export class VisitedNodes {
  readonly #slotWords: number;
  readonly #words: number;
  readonly #entrySize: number;
  readonly #memory: Memory;
  #entries = new Int32Array(1 << 8);
  #top = 0;
  #heads = new Int32Array(1 << 6).fill(NONE);

  /**
   * @param slotWords Number of words with the bits of definite operations, which come first.
   * @param words Number of all words.
   * @param memory What the table takes its memory from, until it is {@link release}d.
   */
  constructor(slotWords: number, words: number, memory: Memory) {
    this.#slotWords = slotWords;
    this.#words = words;
    this.#entrySize = BITS + words;
    this.#memory = memory;
    memory.take(this.#byteLength);
  }

  /** Whether no more entries fit: then nothing counts as visited any more. */
  get isFull(): boolean {
    return this.#memory.isExhausted || this.#top + this.#entrySize > MAX_LENGTH;
  }

  get #byteLength(): number {
    return this.#entries.byteLength + this.#heads.byteLength;
  }

  /** Gives the memory back. The table must not be used any more. */
  release(): void {
    this.#memory.giveBack(this.#byteLength);
  }

  /**
   * Adds a node unless another with the same state and definite operations has used no other
   * indefinite operations than it has. Returns whether it was added.
   *
   * @param nodes Array with the node's state at `stateAt`, and its bits from `bitsAt`.
   */
  add(index: number, nodes: Int32Array, stateAt: number, bitsAt: number): boolean {
    const state = nodes[stateAt] ?? 0;
    const hash = this.#hash(index, state, nodes, bitsAt);
    const entries = this.#entries;
    const head = this.#heads[hash & (this.#heads.length - 1)] ?? NONE;
    for (let entry = head; entry !== NONE; entry = entries[entry + NEXT] ?? NONE) {
      if (entries[entry + RETURN] !== index || entries[entry + STATE] !== state) continue;
      if (this.#covers(entry, nodes, bitsAt)) return false;
    }
    if (!this.isFull) this.#insert(hash, index, state, nodes, bitsAt);
    return true;
  }

  /** Whether an entry's bits are the node's, with a part of its indefinite operations. */
  #covers(entry: number, nodes: Int32Array, bitsAt: number): boolean {
    const entries = this.#entries;
    for (let word = 0; word < this.#slotWords; word++) {
      if (entries[entry + BITS + word] !== nodes[bitsAt + word]) return false;
    }
    for (let word = this.#slotWords; word < this.#words; word++) {
      if (((entries[entry + BITS + word] ?? 0) & ~(nodes[bitsAt + word] ?? 0)) !== 0) return false;
    }
    return true;
  }

  #insert(hash: number, index: number, state: number, nodes: Int32Array, bitsAt: number): void {
    const entry = this.#top;
    this.#top += this.#entrySize;
    if (this.#top > this.#entries.length) this.#grow();
    const bucket = hash & (this.#heads.length - 1);
    const entries = this.#entries;
    entries[entry + NEXT] = this.#heads[bucket] ?? NONE;
    entries[entry + RETURN] = index;
    entries[entry + STATE] = state;
    for (let word = 0; word < this.#words; word++) {
      entries[entry + BITS + word] = nodes[bitsAt + word] ?? 0;
    }
    this.#heads[bucket] = entry;
  }

  #grow(): void {
    this.#memory.take(this.#byteLength);
    const entries = new Int32Array(this.#entries.length * 2);
    entries.set(this.#entries);
    this.#entries = entries;
    this.#heads = new Int32Array(this.#heads.length * 2).fill(NONE);
    // The entry on top is not written yet.
    for (let entry = 0; entry < this.#top - this.#entrySize; entry += this.#entrySize) {
      const hash = this.#hash(
        entries[entry + RETURN] ?? 0,
        entries[entry + STATE] ?? 0,
        entries,
        entry + BITS,
      );
      const bucket = hash & (this.#heads.length - 1);
      entries[entry + NEXT] = this.#heads[bucket] ?? NONE;
      this.#heads[bucket] = entry;
    }
  }

  /** Indefinite operations are not part of the hash: those of the covering node may differ. */
  #hash(index: number, state: number, words: Int32Array, bitsAt: number): number {
    let hash = Math.imul(index, 0x9e3779b1) ^ Math.imul(state, 0x85ebca6b);
    for (let word = 0; word < this.#slotWords; word++) {
      hash = Math.imul((hash >>> 15) ^ hash ^ (words[bitsAt + word] ?? 0), 0x2c1b3c6d);
    }
    hash = Math.imul(hash ^ (hash >>> 13), 0x297a2d39);
    return hash ^ (hash >>> 16);
  }
}
