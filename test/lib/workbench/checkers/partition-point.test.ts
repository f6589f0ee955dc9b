import { expect, test } from "bun:test";
import fc from "fast-check";
import { partitionPoint } from "../../../../lib/workbench/checkers/partition-point.ts";

test("partitionPoint returns the number of leading indexes for which the predicate holds", () => {
  fc.assert(
    fc.property(fc.nat(50), fc.nat(60), (length, bound) => {
      expect(partitionPoint(length, (index) => index < bound)).toBe(Math.min(length, bound));
    }),
  );
});
