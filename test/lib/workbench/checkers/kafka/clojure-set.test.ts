import { expect, test } from "bun:test";
import { compareInSet } from "../../../../../lib/workbench/checkers/kafka/clojure-set.ts";

test("integers come in the order in which Clojure prints (set (range 10))", () => {
  const inOrder = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].sort(compareInSet);
  expect(inOrder).toEqual([0, 7, 1, 4, 6, 3, 2, 9, 5, 8]);
});
