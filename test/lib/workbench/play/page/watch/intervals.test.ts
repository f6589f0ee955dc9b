import { expect, test } from "bun:test";
import fc from "fast-check";
import { Intervals } from "../../../../../../lib/workbench/play/page/watch/intervals.ts";

const aRow = fc.tuple(fc.integer({ min: -50, max: 3_000 }), fc.nat(400));

test("rows are found by the time that they overlap, the latest first to be kept", () => {
  fc.assert(
    fc.property(
      fc.array(aRow, { maxLength: 900 }),
      fc.integer({ min: -100, max: 3_500 }),
      fc.nat(300),
      fc.integer({ min: 1, max: 40 }),
      (rows, from, length, limit) => {
        const sorted = rows.toSorted(([one], [other]) => one - other);
        const starts = Int32Array.from(sorted, ([start]) => start);
        const endOf = (row: number) => {
          const [start, lasts] = sorted[row] ?? [0, 0];
          return start + lasts;
        };
        const expected = [...sorted.keys()].filter((row) => {
          return (starts[row] ?? 0) <= from + length && endOf(row) >= from;
        });
        const found = new Intervals(starts, endOf).within(from, from + length, limit);
        expect(found).toEqual(expected.slice(-limit));
      },
    ),
  );
});
