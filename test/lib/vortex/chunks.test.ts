import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { chunks, takeChunk } from "../../../lib/vortex/index.ts";

const itself = (length: number) => length;
const sum = (lengths: readonly number[]) => lengths.reduce((one, other) => one + other, 0);

describe("chunks", () => {
  test("hold all items in order, and are never empty", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), fc.nat(20), (lengths, maxLength) => {
        const cut = [...chunks(lengths, maxLength, itself)];
        expect(cut.flat()).toEqual(lengths);
        expect(cut.filter((chunk) => chunk.length === 0)).toEqual([]);
      }),
    );
  });

  test("stay within maxLength, except for single items, and end only where the next item does not fit", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), fc.nat(20), (lengths, maxLength) => {
        const cut = [...chunks(lengths, maxLength, itself)];
        for (const [index, chunk] of cut.entries()) {
          if (chunk.length > 1) expect(sum(chunk)).toBeLessThanOrEqual(maxLength);
          const [next] = cut[index + 1] ?? [];
          if (next !== undefined) expect(sum(chunk) + next).toBeGreaterThan(maxLength);
        }
      }),
    );
  });
});

describe("takeChunk", () => {
  test("is empty without items", () => {
    expect(takeChunk([], 10, itself)).toEqual([]);
  });

  test("reads one item beyond the chunk, and no more", () => {
    const seen: number[] = [];
    const lengthOf = (length: number) => {
      seen.push(length);
      return length;
    };
    expect(takeChunk([3, 3, 5, 1, 1], 10, lengthOf)).toEqual([3, 3]);
    expect(seen).toEqual([3, 3, 5]);
  });
});
