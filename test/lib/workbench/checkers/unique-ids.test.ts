import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { jsonKey } from "../../../../lib/protocol/json-key.ts";
import { type Json, parseJson } from "../../../../lib/vortex/index.ts";
import { checkUniqueIds } from "../../../../lib/workbench/checkers/unique-ids.ts";
import { fail, history, info, invoke, whole } from "../../../support/histories/history.ts";

const json = (text: string) => parseJson(text) as Json;
const generated = (ids: readonly Json[]) =>
  history(ids.flatMap((id, process) => whole(process, "generate", null, id)));
const check = (...ids: string[]) => checkUniqueIds(generated(ids.map(json)));

describe("checkUniqueIds", () => {
  test("counts attempts and acknowledgements", () => {
    const verdict = checkUniqueIds(
      history(
        whole(0, "generate", null, 7),
        [invoke(1, "generate"), info(1), invoke(2, "generate"), fail(2)],
        invoke(3, "generate"),
      ),
    );
    expect(verdict).toMatchObject({
      valid: true,
      attemptedCount: 4,
      acknowledgedCount: 1,
      range: [7, 7],
    });
  });

  test("flags an id that was returned twice, and names the operations", () => {
    const verdict = check("1", "2", "1");
    expect(verdict).toMatchObject({ valid: false, duplicatedCount: 1, duplicated: [[1, 2]] });
    expect(verdict.explanation?.[0]?.sentence).toBe(
      "id 1 was returned 2 times: " +
        "process 0's generate at 0.002 s, process 2's generate at 0.006 s",
    );
  });

  test("distinguishes integers that a double cannot represent", () => {
    const verdict = check("9007199254740993", "9007199254740992", "18446744073709551617");
    expect(verdict.valid).toBe(true);
    expect(jsonKey([...verdict.range])).toBe("[9007199254740992,18446744073709551617]");
  });

  test("compares ids by value", () => {
    expect(check('["a",1]', '["a",1]').duplicated).toEqual([[["a", 1], 2]]);
  });

  test("distinguishes an integer from a float of the same value", () => {
    expect(check("1", "1.0").valid).toBe(true);
  });

  test("ignores null in the range, but not among duplicates", () => {
    expect(check("3", "null", "5", "null")).toMatchObject({
      valid: false,
      duplicated: [[null, 2]],
      range: [3, 5],
    });
  });

  test("reports a range of nulls without ids", () => {
    expect(check()).toMatchObject({ valid: true, range: [null, null] });
  });

  test.each([
    ["numbers and strings", ["1", '"a"']],
    ["objects, equal or not", ['{"a":1}', '{"a":1}']],
    ["arrays of numbers and of strings", ["[1]", '["1"]']],
  ])("throws on %s", (_, ids) => {
    expect(() => check(...ids)).toThrow("Cannot compare");
  });

  test("accepts a single object, and arrays that differ before their types do", () => {
    expect(check('{"a":1}').valid).toBe(true);
    expect(check("[1,1]", '[2,"2"]').valid).toBe(true);
  });

  test("lists the 48 most frequent duplicates, preferring greater ids", () => {
    const ids = Array.from({ length: 60 }, (_, id) => (id === 3 ? [id, id, id] : [id, id])).flat();
    const { duplicated, duplicatedCount } = checkUniqueIds(generated(ids));
    expect(duplicatedCount).toBe(60);
    expect(duplicated.map(([id]) => id)).toEqual([
      3,
      ...Array.from({ length: 47 }, (_, rank) => rank + 13),
    ]);
  });

  test("is valid if and only if all ids differ", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 8 }), (ids) => {
        expect(checkUniqueIds(generated(ids)).valid).toBe(new Set(ids).size === ids.length);
      }),
    );
  });
});
