import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Json, parseJson, stringifyJson } from "../../../../../lib/vortex/index.ts";
import { Trace, TraceComparison } from "../../../../../lib/workbench/report/terminal/trace.ts";

const operationOf = (value: Json) =>
  ({ index: 0, time: 1, type: "ok", process: 0, f: "read", value }) as const;

/** Whether a second run with this value is the same as a first with that one. */
function isSame(first: Json, second: Json): boolean {
  const trace = new Trace();
  trace.addOperation(operationOf(first));
  const comparison = new TraceComparison(trace);
  comparison.addOperation(operationOf(second));
  return comparison.isSame;
}

/** JSON values, many of them alike. */
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(null, 0, 1, "1", true, parseJson("1.0"), parseJson("1e0")),
    fc.array(tie("value"), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom("0", "a", "b", "__proto__"), tie("value"), { maxKeys: 2 }),
  ),
})).value as fc.Arbitrary<Json>;

describe("TraceComparison", () => {
  test("tells apart what differs as JSON, and nothing else", () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        expect(isSame(one, other)).toBe(stringifyJson(one) === stringifyJson(other));
        expect(isSame(one, parseJson(stringifyJson(one)) as Json)).toBe(true);
      }),
    );
  });

  test("notices the order of keys", () => {
    expect(isSame({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(false);
  });

  test("notices that the second run is shorter or longer", () => {
    const trace = new Trace();
    trace.addOperation(operationOf(1));
    trace.addOperation(operationOf(2));
    const comparison = new TraceComparison(trace);
    const seen = [1, 2, 3].map((each) => {
      comparison.addOperation(operationOf(each));
      return comparison.isSame;
    });
    expect(seen).toEqual([false, true, false]);
  });

  test("notices a message in place of an operation", () => {
    const trace = new Trace();
    trace.addOperation(operationOf(1));
    const comparison = new TraceComparison(trace);
    const message = { id: 0, src: "n0", dest: "n1", body: {} };
    comparison.addMessage({ type: "send", time: 0, message });
    expect(comparison.isSame).toBe(false);
  });
});
