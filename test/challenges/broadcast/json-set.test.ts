import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { JsonSet } from "../../../challenges/broadcast/json-set.ts";
import { parseJson, stringifyJson } from "../../../lib/vortex/index.ts";

const MAX_OWN_CODE = 2 ** 31 - 1;

/** The texts of all values, in order. */
function texts(set: JsonSet): string[] {
  return set.asArray().map(stringifyJson).sort();
}

describe("JsonSet", () => {
  test("holds each value once", () => {
    const set = new JsonSet();
    for (const value of [0, 31, 32, 511, 512, MAX_OWN_CODE, 0, 512]) set.add(value);
    expect(set.size).toBe(6);
    expect(set.asArray()).toEqual([0, 31, 32, 511, 512, MAX_OWN_CODE]);
  });

  test("tells values apart as they were written", () => {
    const written = [
      "1",
      "1.0",
      '"1"',
      "-0",
      "0",
      "9007199254740993",
      "[1]",
      '["1"]',
      "null",
      "1e400",
    ];
    const set = new JsonSet();
    for (const text of [...written, ...written]) set.add(parseJson(text));
    expect(texts(set)).toEqual(written.toSorted());
    for (const text of written) expect(set.has(parseJson(text))).toBe(true);
    expect(set.has(2)).toBe(false);
    expect(set.has("2")).toBe(false);
  });

  test("gives equal values equal codes, and values back for codes", () => {
    const set = new JsonSet();
    for (const value of [7, -7, 2 ** 31, "seven", { seven: [7] }, null]) {
      const code = set.add(value);
      expect(set.add(structuredClone(value))).toBe(code);
      expect(set.valueOf(code)).toEqual(value);
    }
  });

  test("has one list, which grows with it", () => {
    const set = new JsonSet();
    set.add(5);
    set.add("five");
    const list = set.asArray();
    for (const value of [5, 6, "five", "six", 5]) set.add(value);
    expect(set.asArray()).toBe(list);
    expect(new Set(list)).toEqual(new Set([5, "five", 6, "six"]));
    expect(list).toHaveLength(4);
  });

  test("takes integers below 2^31 for their own codes", () => {
    const set = new JsonSet();
    expect([0, 1, MAX_OWN_CODE].map((value) => set.add(value))).toEqual([0, 1, MAX_OWN_CODE]);
    expect(set.add(MAX_OWN_CODE + 1)).toBeLessThan(0);
  });

  test("holds exactly what was added, whatever it is", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.jsonValue(), fc.nat(2000), fc.nat())), (values) => {
        const set = new JsonSet();
        for (const [index, value] of values.entries()) {
          if (index === values.length >> 1) set.asArray();
          set.add(value);
        }
        const expected = [...new Set(values.map(stringifyJson))];
        expect(texts(set)).toEqual(expected.sort());
        expect(set.size).toBe(expected.length);
      }),
    );
  });
});
