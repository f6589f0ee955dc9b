import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseJson } from "../../../../lib/vortex/index.ts";
import { layOutJson } from "../../../../lib/workbench/store/json-layout.ts";

describe("layOutJson", () => {
  test("gives each field a line, and plain lists one", () => {
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

  test("keeps on one line what lies deeper than five levels", () => {
    const operation = { index: 0, value: [1, { a: [2] }] };
    const text = layOutJson({ workload: { explanation: [{ operations: [operation] }] } });
    expect(text).toContain(`\n          ${JSON.stringify(operation)}\n`);
  });

  test("leaves out what is undefined, and keeps numbers as they were written", () => {
    expect(layOutJson({ a: undefined, b: parseJson("1.0") })).toBe('{\n  "b": 1.0\n}');
  });

  test("says the same as the value on one line", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.stringify(JSON.parse(layOutJson(value)))).toBe(JSON.stringify(value));
      }),
    );
  });
});
