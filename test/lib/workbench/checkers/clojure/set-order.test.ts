import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { isSameJson } from "../../../../../lib/protocol/json-key.ts";
import { type Json, parseJson, stringifyJson } from "../../../../../lib/vortex/index.ts";
import {
  bifurcanOperationHash,
  compareInClojureSet,
  inBifurcanOrder,
  inClojureOrder,
} from "../../../../../lib/workbench/checkers/clojure/set-order.ts";

describe("compareInClojureSet", () => {
  test("orders integers as Clojure prints (set (range 10))", () => {
    const inOrder = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].sort(compareInClojureSet);
    expect(inOrder).toEqual([0, 7, 1, 4, 6, 3, 2, 9, 5, 8]);
  });

  test("orders strings by their hashes", () => {
    // (seq (set ["0" "1" ... "9"]))
    const digits = [..."0123456789"].sort(compareInClojureSet);
    expect(digits).toEqual([..."9348756102"]);
  });
});

describe("inClojureOrder", () => {
  // Sets of lists, and the order in which Elle 0.2.2's `sorted-values` put them.
  test("orders lists as Elle's sorted-values does", async () => {
    const cases = await lines("elle-sorted-values.jsonl.gz");
    const differing = cases.filter((line) => {
      const { lists, sorted } = line as { readonly lists: Json[]; readonly sorted: Json };
      return !isSameJson(inClojureOrder(lists), sorted);
    });
    expect(cases).toHaveLength(900);
    expect(differing.map(stringifyJson)).toEqual([]);
  });

  // Sets as Clojure 1.12.0 printed them; no two values of a set have the same hash.
  test("orders any JSON values as Clojure prints a set of them", async () => {
    const sets = await lines("clojure-sets.jsonl.gz");
    const differing = sets.filter((set) => {
      const values = set as readonly Json[];
      return !isSameJson(inClojureOrder(values.toReversed()), values);
    });
    expect(sets).toHaveLength(391);
    expect(differing.map(stringifyJson)).toEqual([]);
  });
});

async function lines(name: string): Promise<unknown[]> {
  const bytes = await Bun.file(join(import.meta.dir, "testdata", name)).bytes();
  const text = new TextDecoder().decode(Bun.gunzipSync(bytes));
  return text.trimEnd().split("\n").map(parseJson);
}

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
    // Clojure's (hash 1) is 1392991556.
    const spread = (hash: number) => {
      const first = hash ^ (hash >>> 20) ^ (hash >>> 12);
      return first ^ (first >>> 7) ^ (first >>> 4);
    };
    expect(bifurcanOperationHash(1)).toBe(spread(1392991556));
    expect(bifurcanOperationHash(0)).toBe(0);
  });
});
