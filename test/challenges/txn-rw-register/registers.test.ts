import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Registers, type Version } from "../../../challenges/txn-rw-register/registers.ts";

const versions = fc.array(
  fc
    .tuple(fc.nat(3), fc.nat(3), fc.constantFrom("a", "b"))
    // A stamp writes only one value to a key.
    .map(
      ([key, clock, writer]): Version => [key, clock * 2 + Number(writer === "a"), clock, writer],
    ),
);

function merged(...batches: readonly (readonly Version[])[]): Version[] {
  const registers = new Registers();
  for (const batch of batches) registers.merge(batch);
  expect(registers.isMonotonic).toBe(true);
  return [...registers.all()].sort();
}

describe("Registers", () => {
  test("are equal after the same batches in any order", () => {
    fc.assert(
      fc.property(versions, versions, (one, other) => {
        expect(merged(one, other)).toEqual(merged(other, one));
      }),
    );
  });

  test("are equal however batches are grouped", () => {
    fc.assert(
      fc.property(versions, versions, versions, (one, two, three) => {
        const [left, right] = [merged(one, two), merged(two, three)];
        expect(merged(left, three)).toEqual(merged(one, right));
      }),
    );
  });

  test("do not change when a batch is merged again", () => {
    fc.assert(
      fc.property(versions, versions, (one, other) => {
        expect(merged(one, other, one)).toEqual(merged(one, other));
      }),
    );
  });

  test("cover every version that they have merged, and no newer one", () => {
    fc.assert(
      fc.property(versions, (batch) => {
        const registers = new Registers();
        registers.merge(batch);
        for (const version of batch) expect(registers.covers(version)).toBe(true);
        for (const [key, value, , writer] of batch) {
          const newer = [key, value, registers.latestClock + 1, writer] as const;
          expect(registers.covers([...newer])).toBe(false);
        }
      }),
    );
  });
});
