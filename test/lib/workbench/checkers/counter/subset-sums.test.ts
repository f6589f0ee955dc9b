import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  containsSum,
  subsetSums,
} from "../../../../../lib/workbench/checkers/counter/subset-sums.ts";

/** Computes the sum of every subset. */
function everySum(base: bigint, numbers: readonly bigint[]): Set<bigint> {
  let sums = new Set([base]);
  for (const number of numbers) sums = new Set([...sums, ...[...sums].map((sum) => sum + number)]);
  return sums;
}

describe("subsetSums", () => {
  test("returns only the base without numbers", () => {
    expect(subsetSums(7n, [])).toEqual([{ low: 7n, high: 7n }]);
  });

  test("merges adjacent sums into one range", () => {
    expect(subsetSums(10n, [5n, -1n, -1n])).toEqual([
      { low: 8n, high: 10n },
      { low: 13n, high: 15n },
    ]);
  });

  test("returns exactly the sums of all subsets, in ranges that do not touch", () => {
    const numbers = fc.array(fc.bigInt({ min: -9n, max: 9n }), { maxLength: 10 });
    fc.assert(
      fc.property(fc.bigInt({ min: -20n, max: 20n }), numbers, (base, numbers) => {
        const ranges = subsetSums(base, numbers);
        const sums = everySum(base, numbers);
        for (let value = -120n; value <= 120n; value++) {
          expect(containsSum(ranges, value)).toBe(sums.has(value));
        }
        for (const [index, { low, high }] of ranges.entries()) {
          expect(low <= high).toBe(true);
          const next = ranges[index + 1];
          if (next !== undefined) expect(next.low > high + 1n).toBe(true);
        }
      }),
    );
  });

  test("computes the sums of ten thousand numbers with few distinct values", () => {
    const numbers = Array.from({ length: 10_000 }, (_, index) => BigInt((index % 10) - 5));
    expect(subsetSums(0n, numbers)).toEqual([{ low: -15_000n, high: 10_000n }]);
  });

  test("throws if the sums form more than a million ranges", () => {
    const powers = Array.from({ length: 64 }, (_, power) => 3n ** BigInt(power));
    expect(() => subsetSums(0n, powers)).toThrow("they form more than 1000000 ranges");
  });
});
