import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseJson } from "../../../../lib/vortex/index.ts";
import { layOutJson } from "../../../../lib/workbench/store/json-layout.ts";

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
