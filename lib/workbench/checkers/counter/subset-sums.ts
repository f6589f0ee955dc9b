/** Every sum that some of the given numbers make, as ranges of integers. */

/** The integers from `low` to `high`, both included. */
export interface Range {
  readonly low: bigint;
  readonly high: bigint;
}

/** How many ranges are kept: 2^n sums of n numbers may all lie apart. */
const RANGE_LIMIT = 1_000_000;

/**
 * Every value of `base` plus a subset of `numbers`, as sorted ranges that neither overlap nor touch.
 *
 * Ten thousand numbers of which few differ are quick: m equal ones add what 1, 2, 4, ... of them
 * together do, so they take log m steps.
 *
 * @throws {Error} when the sums fall into more than a million ranges.
 */
export function subsetSums(base: bigint, numbers: readonly bigint[]): readonly Range[] {
  let ranges: readonly Range[] = [{ low: base, high: base }];
  for (const [number, equal] of Map.groupBy(numbers, (number) => number)) {
    for (const count of portions(equal.length)) {
      ranges = union(ranges, ranges, BigInt(count) * number);
      if (ranges.length > RANGE_LIMIT) {
        throw new Error(
          `Cannot hold the sums of ${numbers.length} numbers: they lie too far apart`,
        );
      }
    }
  }
  return ranges;
}

/** Whether one of the sorted ranges holds the value. */
export function holds(ranges: readonly Range[], value: bigint): boolean {
  let [from, to] = [0, ranges.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    const range = ranges[middle];
    if (range === undefined || value < range.low) to = middle;
    else if (value > range.high) from = middle + 1;
    else return true;
  }
  return false;
}

/** Numbers whose subsets have exactly the sums 0 to `count`: 1, 2, 4, ..., and what remains. */
function portions(count: number): number[] {
  const result: number[] = [];
  let remaining = count;
  for (let portion = 1; remaining > 0; portion *= 2) {
    result.push(Math.min(portion, remaining));
    remaining -= portion;
  }
  return result;
}

/** All of `some`, and all of `others` moved by `distance`; both are sorted. */
function union(some: readonly Range[], others: readonly Range[], distance: bigint): Range[] {
  const result: { low: bigint; high: bigint }[] = [];
  const add = ({ low, high }: Range) => {
    const last = result.at(-1);
    if (last === undefined || low > last.high + 1n) result.push({ low, high });
    else if (high > last.high) last.high = high;
  };
  let moved = 0;
  for (const range of some) {
    for (let next = others[moved]; next !== undefined; next = others[++moved]) {
      if (next.low + distance >= range.low) break;
      add({ low: next.low + distance, high: next.high + distance });
    }
    add(range);
  }
  for (const { low, high } of others.slice(moved)) {
    add({ low: low + distance, high: high + distance });
  }
  return result;
}
