import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseJson } from "../../../../lib/vortex/index.ts";
import { layOutJson, storable } from "../../../../lib/workbench/store/json-layout.ts";

describe("layOutJson", () => {
  test("puts each field on its own line, and an array of plain values on one", () => {
    const value = {
      valid: true,
      lost: [1, 2, "c"],
      net: { all: { msgCount: 3 }, none: {} },
      x: [],
    };
    expect(layOutJson(value)).toBe(`{
  "valid": true,
  "lost": [1,2,"c"],
  "net": {
    "all": {
      "msgCount": 3
    },
    "none": {}
  },
  "x": []
}`);
  });

  test("prints values below the fifth level on one line", () => {
    const operation = { index: 0, value: [1, { a: [2] }] };
    const text = layOutJson({ workload: { explanation: [{ operations: [operation] }] } });
    expect(text).toContain(`\n          ${JSON.stringify(operation)}\n`);
  });

  test("omits undefined fields and keeps numbers as written", () => {
    expect(layOutJson({ a: undefined, b: parseJson("1.0") })).toBe('{\n  "b": 1.0\n}');
  });

  test("prints JSON of the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.stringify(JSON.parse(layOutJson(value)))).toBe(JSON.stringify(value));
      }),
    );
  });
});

describe("storable", () => {
  test("keeps big integers digit for digit, and the entries of maps and sets", () => {
    const value = {
      total: 12345678901234567890n,
      balances: new Map<unknown, unknown>([
        ["a", 1n],
        [{ id: 2 }, new Set([3])],
        ["__proto__", 4],
      ]),
      at: new Date(0),
      raw: parseJson("1.0"),
    };
    expect(JSON.stringify(storable(value))).toBe(
      '{"total":12345678901234567890,"balances":{"a":1,"{\\"id\\":2}":[3],"__proto__":4},' +
        '"at":"1970-01-01T00:00:00.000Z","raw":1.0}',
    );
  });

  test("changes no JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.stringify(storable(value))).toBe(JSON.stringify(value));
      }),
    );
  });
});
