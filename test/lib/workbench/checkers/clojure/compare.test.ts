import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Json, parseJson } from "../../../../../lib/vortex/index.ts";
import { compareJson } from "../../../../../lib/workbench/checkers/clojure/compare.ts";

const json = (text: string) => parseJson(text) as Json;
const order = (one: string, other: string) => Math.sign(compareJson(json(one), json(other)));

describe("compareJson", () => {
  test.each([
    ["null", "false"],
    ["null", "-1"],
    ["false", "true"],
    ["-1", "1"],
    ["1", "1.5"],
    ["2", "10"],
    ["9007199254740992", "9007199254740993"],
    ["18446744073709551616", "18446744073709551617"],
    ["-9007199254740993", "-9007199254740992"],
    ['"10"', '"2"'],
    ['"Z"', '"a"'],
    ['"\\ud83d\\ude00"', '"\\uffee"'],
    ["[9]", "[1,1]"],
    ["[1,2]", "[1,3]"],
    ["[[2],[0]]", "[[2],[1]]"],
    ["[null]", "[1]"],
    ['["a",1]', '["b","x"]'],
  ])("puts %s before %s", (one, other) => {
    expect([order(one, other), order(other, one)]).toEqual([-1, 1]);
  });

  test.each([
    ["1", "1.0"],
    ["9007199254740993", "9007199254740992.0"],
    ["[]", "[]"],
    ["null", "null"],
  ])("puts %s neither before nor after %s", (one, other) => {
    expect([order(one, other), order(other, one)]).toEqual([0, 0]);
  });

  test.each([
    ["1", '"1"'],
    ["1", "true"],
    ["{}", "{}"],
    ["[1]", "1"],
    ["[1]", '["1"]'],
    ['{"a":1}', "1"],
  ])("cannot compare %s with %s", (one, other) => {
    expect(() => order(one, other)).toThrow("Cannot compare");
    expect(() => order(other, one)).toThrow("Cannot compare");
  });

  test("orders arrays of numbers consistently", () => {
    const arrays = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 3 });
    fc.assert(
      fc.property(arrays, arrays, arrays, (a, b, c) => {
        if (compareJson(a, b) <= 0 && compareJson(b, c) <= 0) {
          expect(compareJson(a, c)).toBeLessThanOrEqual(0);
        }
        expect(Math.sign(compareJson(a, b))).toBe(0 - Math.sign(compareJson(b, a)));
      }),
    );
  });
});
