import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { describeIssues } from "../../../lib/protocol/describe-issues.ts";
import { parseJson } from "../../../lib/protocol/json.ts";

/** The description of why a schema refuses a JSON text. */
function refusal(schema: v.GenericSchema, text: string): string {
  const { issues } = v.safeParse(schema, parseJson(text));
  if (issues === undefined) throw new Error(`${text} was accepted`);
  return describeIssues(issues);
}

describe("describeIssues", () => {
  const integer = v.pipe(v.number(), v.integer());

  test.each<[string, v.GenericSchema, string, string]>([
    ["a missing field", v.object({ delta: integer }), "{}", '"delta" is missing'],
    [
      "a field of another type",
      v.object({ delta: integer }),
      '{"delta":"5"}',
      '"delta" must be a number, but is "5"',
    ],
    [
      "a number that is not an integer",
      v.object({ delta: integer }),
      '{"delta":5.5}',
      '"delta" must be an integer, but is 5.5',
    ],
    [
      "a number kept as written",
      v.object({ delta: integer }),
      '{"delta":5.0}',
      '"delta" must be a number that JavaScript keeps as written, but is 5.0',
    ],
    ["null", v.object({ key: v.string() }), '{"key":null}', '"key" must be a string, but is null'],
    [
      "an object in an array's place",
      v.object({ keys: v.array(v.string()) }),
      '{"keys":{}}',
      '"keys" must be an array, but is an object',
    ],
    [
      "an array in a string's place",
      v.object({ key: v.string() }),
      '{"key":["a"]}',
      '"key" must be a string, but is an array',
    ],
    [
      "a value deep inside",
      v.object({ txn: v.array(v.tuple([v.picklist(["r", "w"]), integer])) }),
      '{"txn":[["r",1],["x",1]]}',
      '"txn.1.0" must be ("r" | "w"), but is "x"',
    ],
    [
      "a number out of bounds",
      v.object({ rate: v.pipe(v.number(), v.minValue(1)) }),
      '{"rate":0}',
      '"rate" must be >=1, but is 0',
    ],
    [
      "a wrong length",
      v.object({ key: v.pipe(v.string(), v.minLength(2)) }),
      '{"key":"a"}',
      '"key" must have length >=2, but is "a"',
    ],
    [
      "a field that a strict schema does not know",
      v.strictObject({ key: v.string() }),
      '{"key":"a","kye":"b"}',
      '"kye" is not allowed',
    ],
    [
      "a check with words of its own",
      v.object({ key: v.custom(() => false, "must be nice") }),
      '{"key":"a"}',
      '"key" must be nice, but is "a"',
    ],
    ["the value itself", v.array(v.string()), '"a"', 'The value must be an array, but is "a"'],
    [
      "several fields",
      v.object({ key: v.string(), delta: integer }),
      '{"delta":true}',
      '"key" is missing; "delta" must be a number, but is true',
    ],
  ])("names the field, the expectation and the value: %s", (_, schema, text, said) => {
    expect(refusal(schema, text)).toBe(said);
  });

  test("stays short for any input", () => {
    const long = "x".repeat(10_000);
    const numbers = v.record(v.string(), v.number());
    const fields = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`${long}${index}`, long]),
    );
    const said = refusal(numbers, JSON.stringify(fields));
    expect(said).toEndWith("; and 95 more");
    expect(said).toContain("(10001 characters)");
    expect(said.length).toBeLessThan(2000);
  });
});
