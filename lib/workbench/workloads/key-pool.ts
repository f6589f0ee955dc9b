/**
 * Chooses keys for transactions and logs.
 *
 * @see Elle, `rw_register.clj` and `list_append.clj` (`wr-txns`, `append-txns`)
 */
import type { Random } from "../../vortex/index.ts";
import { randomInteger } from "../../vortex/random.ts";
import { binaryExponent } from "../logarithm.ts";
import type { WorkloadOptions } from "./options.ts";

/** A read of a key, or a write of a value that is unique for that key. */
export type MicroOperation =
  | { readonly isRead: true; readonly key: number }
  | { readonly isRead: false; readonly key: number; readonly value: number };

/** A read or a write, equally likely. */
export function nextMicroOperation(random: Random, keys: KeyPool): MicroOperation {
  if (randomInteger(random, 2) === 0) return { isRead: true, key: keys.draw() };
  return { isRead: false, ...keys.drawForWrite() };
}

/**
 * The keys in use, one per slot. The last slot gets about half of all accesses, the one before it a
 * quarter, and so on. A key is replaced by a fresh one after its maximum number of writes.
 */
export class KeyPool {
  readonly #random: Random;
  readonly #maxWritesPerKey: number;
  readonly #slots: { key: number; writes: number }[];
  #nextKey: number;

  constructor(
    random: Random,
    { keyCount, maxWritesPerKey }: Pick<WorkloadOptions, "keyCount" | "maxWritesPerKey">,
  ) {
    this.#random = random;
    this.#maxWritesPerKey = maxWritesPerKey;
    this.#slots = Array.from({ length: keyCount }, (_, key) => ({ key, writes: 0 }));
    this.#nextKey = keyCount;
  }

  draw(): number {
    return this.#drawSlot().key;
  }

  /** Draws a key, and its next value: 1, 2, 3, ... */
  drawForWrite(): { readonly key: number; readonly value: number } {
    for (;;) {
      const slot = this.#drawSlot();
      if (slot.writes < this.#maxWritesPerKey) return { key: slot.key, value: ++slot.writes };
      slot.key = this.#nextKey++;
      slot.writes = 0;
    }
  }

  #drawSlot(): { key: number; writes: number } {
    // Slot i of n has weight 2^i, and the slots before it 2^i - 1 together. This equals
    // log2(random * (2^n - 1) + 1), rounded down, but does not overflow for large n.
    const count = this.#slots.length;
    const exponent = binaryExponent(this.#random.next() * (1 - 2 ** -count) + 2 ** -count);
    const index = Math.max(0, Math.min(count - 1, count + exponent));
    const slot = this.#slots[index];
    if (slot === undefined) throw new Error("A key pool needs at least one key");
    return slot;
  }
}
