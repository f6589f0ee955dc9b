/**
 * Returns the number of leading indexes for which a predicate holds, by binary search.
 *
 * @param holds True for indexes below some bound, false from there up to `length`.
 */
export function partitionPoint(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
