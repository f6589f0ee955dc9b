import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  bifurcanListHash,
  bifurcanOperationHash,
  compareInClojureSet,
  inBifurcanOrder,
} from "../../../../../lib/workbench/checkers/clojure/set-order.ts";

describe("compareInClojureSet", () => {
  test("orders integers as Clojure prints (set (range 10))", () => {
    const inOrder = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].sort(compareInClojureSet);
    expect(inOrder).toEqual([0, 7, 1, 4, 6, 3, 2, 9, 5, 8]);
  });

  test("places values other than integers last", () => {
    expect(["b", 1, "a", 0].sort(compareInClojureSet)).toEqual([0, 1, "a", "b"]);
  });
});

describe("inBifurcanOrder", () => {
  test("does not depend on the order of its input", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...Array(100).keys()]), (nodes) => {
        const hashOf = Int32Array.from({ length: 100 }, (_, index) => bifurcanOperationHash(index));
        expect(inBifurcanOrder(nodes, hashOf)).toEqual(
          inBifurcanOrder(
            nodes.toSorted((a, b) => a - b),
            hashOf,
          ),
        );
      }),
    );
  });

  test("lists entries before subtrees, by five bits at a time", () => {
    const hashOf = Int32Array.from([0b00001_00011, 0b00000_00011, 0b00000_00100, 0b00000_00010]);
    expect(inBifurcanOrder([0, 1, 2, 3], hashOf)).toEqual([3, 2, 1, 0]);
    expect(inBifurcanOrder([0, 2, 3], hashOf)).toEqual([3, 0, 2]);
  });

  test("keeps the input order of nodes with equal hashes", () => {
    expect(inBifurcanOrder([1, 0], Int32Array.from([7, 7]))).toEqual([1, 0]);
  });
});

describe("Bifurcan's hashes", () => {
  test("are the JVM's, spread as Bifurcan's maps spread them", () => {
    // Clojure's (hash 1) is 1392991556; Java's List.of(1L, 2L).hashCode() is 994.
    const spread = (hash: number) => {
      const first = hash ^ (hash >>> 20) ^ (hash >>> 12);
      return first ^ (first >>> 7) ^ (first >>> 4);
    };
    expect(bifurcanOperationHash(1)).toBe(spread(1392991556));
    expect(bifurcanOperationHash(0)).toBe(0);
    expect(bifurcanListHash([1, 2])).toBe(spread(994));
  });

  test("of lists depend on the order of elements of any type", () => {
    expect(bifurcanListHash([1, "a"])).not.toBe(bifurcanListHash(["a", 1]));
    expect(bifurcanListHash([])).toBe(1);
  });
});
