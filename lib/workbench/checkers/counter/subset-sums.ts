/** Computes all subset sums of a list of numbers, as ranges of integers. */
import { partitionPoint } from "../partition-point.ts";

/** The integers from `low` to `high`, inclusive. */
export interface Range {
  readonly low: bigint;
  readonly high: bigint;
}

/** Maximum number of ranges: the 2^n sums of n numbers may all lie apart. */
const RANGE_LIMIT = 1_000_000;

/**
 * Computes every sum of `base` and a subset of `numbers`, as sorted ranges that neither overlap nor
 * touch.
 *
 * Ten thousand numbers with few distinct values are quick: m equal numbers are added in groups of
 * 1, 2, 4, ..., in log m steps.
 *
 * @throws {Error} if the sums form more than a million ranges.
 */
export function subsetSums(base: bigint, numbers: readonly bigint[]): readonly Range[] {
  let ranges: readonly Range[] = [{ low: base, high: base }];
  for (const [number, equal] of Map.groupBy(numbers, (number) => number)) {
    for (const count of binarySplit(equal.length)) {
      ranges = union(ranges, ranges, BigInt(count) * number);
      if (ranges.length > RANGE_LIMIT) {
        throw new Error(
          `Cannot compute the sums of ${numbers.length} numbers: they form more than ${RANGE_LIMIT} ranges`,
        );
      }
    }
  }
  return ranges;
}

/** Whether one of the sorted ranges contains the value. */
export function containsSum(ranges: readonly Range[], value: bigint): boolean {
  const index = partitionPoint(ranges.length, (i) => (ranges[i]?.high ?? value) < value);
  const range = ranges[index];
  return range !== undefined && range.low <= value;
}

/** Splits a count into 1, 2, 4, ... and the rest; subsets of these have the sums 0 to `count`. */
function binarySplit(count: number): number[] {
  const result: number[] = [];
  let remaining = count;
  for (let group = 1; remaining > 0; group *= 2) {
    result.push(Math.min(group, remaining));
    remaining -= group;
  }
  return result;
}

/** Merges `some` with `others` shifted by `distance`. Both are sorted, and so is the result. */
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
