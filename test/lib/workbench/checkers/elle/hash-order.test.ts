import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  inHashOrder,
  listHash,
  operationHash,
} from "../../../../../lib/workbench/checkers/elle/hash-order.ts";

describe("inHashOrder", () => {
  test("does not depend on the order in which things are given", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...Array(100).keys()]), (nodes) => {
        const hashOf = Int32Array.from({ length: 100 }, (_, index) => operationHash(index));
        expect(inHashOrder(nodes, hashOf)).toEqual(
          inHashOrder(
            nodes.toSorted((a, b) => a - b),
            hashOf,
          ),
        );
      }),
    );
  });

  test("lists what is alone in its branch first, by five bits at a time", () => {
    const hashOf = Int32Array.from([0b00001_00011, 0b00000_00011, 0b00000_00100, 0b00000_00010]);
    expect(inHashOrder([0, 1, 2, 3], hashOf)).toEqual([3, 2, 1, 0]);
    expect(inHashOrder([0, 2, 3], hashOf)).toEqual([3, 0, 2]);
  });

  test("keeps things of one hash as they are", () => {
    expect(inHashOrder([1, 0], Int32Array.from([7, 7]))).toEqual([1, 0]);
  });
});

describe("hashes", () => {
  test("are those of the JVM, spread as its maps do", () => {
    // Clojure's (hash 1) is 1392991556; Java's List.of(1L, 2L).hashCode() is 994.
    const spread = (hash: number) => {
      const first = hash ^ (hash >>> 20) ^ (hash >>> 12);
      return first ^ (first >>> 7) ^ (first >>> 4);
    };
    expect(operationHash(1)).toBe(spread(1392991556));
    expect(operationHash(0)).toBe(0);
    expect(listHash([1, 2])).toBe(spread(994));
  });

  test("of lists depend on the order of their elements, whatever these are", () => {
    expect(listHash([1, "a"])).not.toBe(listHash(["a", 1]));
    expect(listHash([])).toBe(1);
  });
});
