import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isSameJson, jsonKey } from "../../../lib/protocol/json-key.ts";
import { type Json, parseJson } from "../../../lib/vortex/index.ts";

const parse = (text: string) => parseJson(text) as Json;

describe("isSameJson", () => {
  test.each([
    ['{"a":1,"b":[2]}', '{"b":[2],"a":1}'],
    ["1.0", "1e0"],
    ["-0", "0"],
    ["9007199254740993", "9007199254740993"],
  ])("takes %s and %s for one value", (one, other) => {
    expect(isSameJson(parse(one), parse(other))).toBe(true);
  });

  test.each([
    ["1", "1.0"],
    ["1", '"1"'],
    ["null", '"null"'],
    ["[1]", '{"0":1}'],
    ["[]", "{}"],
    ["9007199254740993", "9007199254740992"],
    ['{"__proto__":1}', "{}"],
    ['["a,b"]', '["a","b"]'],
  ])("tells %s from %s", (one, other) => {
    expect(isSameJson(parse(one), parse(other))).toBe(false);
  });
});

describe("jsonKey", () => {
  test("is the same for two values exactly if they are deeply equal", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const [a, b] = [JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other))];
        return (jsonKey(a) === jsonKey(b)) === Bun.deepEquals(a, b, true);
      }),
    );
  });
});
