/** Choices made from a source of random numbers. */
import type { Random } from "./host.ts";

/** An integer from 0 to `bound` - 1, all equally likely. */
export function randomInteger(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}

/**
 * One of the items, all equally likely.
 *
 * @throws {RangeError} when there are none.
 */
export function pickOne<T>(random: Random, items: readonly T[]): T {
  const index = randomInteger(random, items.length);
  if (index >= items.length) throw new RangeError("Cannot pick one of no items");
  return items[index] as T; // The index is in range; T itself may include undefined.
}

/** The items in random order, every order equally likely (Fisher and Yates). */
export function shuffle<T>(random: Random, items: readonly T[]): T[] {
  const shuffled = [...items];
  for (let end = shuffled.length - 1; end > 0; end--) {
    const other = randomInteger(random, end + 1);
    // Both indices are in range.
    [shuffled[end], shuffled[other]] = [shuffled[other] as T, shuffled[end] as T];
  }
  return shuffled;
}
