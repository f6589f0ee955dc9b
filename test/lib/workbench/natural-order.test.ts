import { expect, test } from "bun:test";
import fc from "fast-check";
import { compareNaturally } from "../../../lib/workbench/natural-order.ts";

test("n10 comes after n9, and names without numbers are in order of their characters", () => {
  const names = ["n10", "n9", "b", "n9a", "n", "a", "10", "9", "n09"];
  expect(names.sort(compareNaturally)).toEqual([
    "9",
    "10",
    "a",
    "b",
    "n",
    "n09",
    "n9",
    "n9a",
    "n10",
  ]);
});

test("any names are ordered: the order does not depend on that of the input", () => {
  const name = fc.string({ unit: fc.constantFrom("0", "1", "9", "a", "n", "-") });
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 8 }), (names) => {
      const sorted = names.toSorted(compareNaturally);
      expect(names.toReversed().sort(compareNaturally)).toEqual(sorted);
      for (const [index, one] of sorted.entries()) {
        for (const other of sorted.slice(index + 1)) {
          expect(compareNaturally(one, other)).toBeLessThan(0);
        }
      }
    }),
  );
});
