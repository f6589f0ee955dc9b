/** Random choices. */
import type { Random } from "./host.ts";

/** Draws an integer from 0 to `bound` - 1, uniformly. */
export function randomInteger(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}

/**
 * Picks one of the items, uniformly.
 *
 * @throws {RangeError} when there are no items.
 */
export function pickOne<T>(random: Random, items: readonly T[]): T {
  const index = randomInteger(random, items.length);
  if (index >= items.length) throw new RangeError("Cannot pick from an empty list");
  return items[index] as T; // The index is in range; T itself may include undefined.
}

/** Returns the items in random order, uniformly (Fisher-Yates). */
export function shuffle<T>(random: Random, items: readonly T[]): T[] {
  const shuffled = [...items];
  for (let end = shuffled.length - 1; end > 0; end--) {
    const other = randomInteger(random, end + 1);
    // Both indices are in range.
    [shuffled[end], shuffled[other]] = [shuffled[other] as T, shuffled[end] as T];
  }
  return shuffled;
}
