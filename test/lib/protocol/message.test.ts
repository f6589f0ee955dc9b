import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { describeIssues } from "../../../lib/protocol/describe-issues.ts";
import { parseJson } from "../../../lib/protocol/json.ts";
import {
  Body,
  ErrorBody,
  Init,
  isJsonInteger,
  isObject,
  KeptJson,
  Message,
  MessageId,
  Topology,
} from "../../../lib/protocol/message.ts";
import { shorten } from "../../../lib/protocol/shorten.ts";

const accepts = (schema: v.GenericSchema, text: string) => v.is(schema, parseJson(text));

/** The description of why a schema refuses a JSON text. */
function refusal(schema: v.GenericSchema, text: string): string {
  const { issues } = v.safeParse(schema, parseJson(text));
  if (issues === undefined) throw new Error(`${text} was accepted`);
  return describeIssues(issues);
}

describe("MessageId", () => {
  test.each(["0", "1", "-1", "9007199254740993", "123456789012345678901234567890"])(
    "accepts %s",
    (text) => {
      expect(accepts(MessageId, text)).toBe(true);
    },
  );

  test.each(["1.0", "1.5", "1e3", "1e400", '"1"', "null", "true", "[]", "{}"])(
    "refuses %s, which is not written as an integer",
    (text) => {
      expect(accepts(MessageId, text)).toBe(false);
    },
  );
});

describe("Body", () => {
  test("requires a type, and keeps unknown fields", () => {
    const body = { type: "read", key: [1] };
    expect(v.parse(Body, body)).toEqual(body);
    expect(accepts(Body, '{"msg_id":1}')).toBe(false);
  });

  test("refuses a msg_id of null", () => {
    expect(accepts(Body, '{"type":"read","msg_id":null}')).toBe(false);
  });
});

describe("KeptJson", () => {
  const nested = (levels: number, leaf: string) =>
    `${"[".repeat(levels)}${leaf}${"]".repeat(levels)}`;

  test.each(["1", "null", '"a"', "1.0", "1e400"])(
    "accepts %s within 1,000 levels, and refuses it within more",
    (leaf) => {
      expect(accepts(KeptJson, leaf)).toBe(true);
      expect(accepts(KeptJson, nested(1000, leaf))).toBe(true);
      expect(refusal(KeptJson, nested(1001, leaf))).toContain("at most 1000 levels");
    },
  );

  test("counts the deepest levels; an empty array is one", () => {
    expect(accepts(KeptJson, `[0,{"a":${nested(998, "")}},1]`)).toBe(true);
    expect(accepts(KeptJson, `[0,{"__proto__":${nested(999, "")}},1]`)).toBe(false);
  });

  test("refuses a missing field", () => {
    expect(v.is(v.object({ value: KeptJson }), {})).toBe(false);
  });
});

describe("Message", () => {
  test("accepts exactly objects as a body", () => {
    expect(accepts(Message, '{"src":"a","dest":"b","body":{}}')).toBe(true);
    for (const body of ["null", "[]", "1", "1.0", '""']) {
      expect(accepts(Message, `{"src":"a","dest":"b","body":${body}}`)).toBe(false);
    }
  });
});

describe("Init", () => {
  test("requires a node id and a list of node ids", () => {
    expect(accepts(Init, '{"type":"init","node_id":"n0","node_ids":["n0"]}')).toBe(true);
    expect(accepts(Init, '{"type":"init","node_id":"n0"}')).toBe(false);
    expect(accepts(Init, '{"type":"init","node_id":"n0","node_ids":[0]}')).toBe(false);
  });
});

describe("Topology", () => {
  test.each(['{"n0":["n1"],"n1":[]}', "{}", '{"__proto__":["n0"]}'])("accepts %s", (topology) => {
    expect(accepts(Topology, `{"type":"topology","topology":${topology}}`)).toBe(true);
  });

  test.each(['{"n0":"n1"}', '{"n0":[1]}', '{"n0":null}', "[]", "null"])(
    "refuses %s",
    (topology) => {
      expect(accepts(Topology, `{"type":"topology","topology":${topology}}`)).toBe(false);
    },
  );
});

describe("ErrorBody", () => {
  test("requires a code; the text may be missing", () => {
    expect(accepts(ErrorBody, '{"type":"error","code":11}')).toBe(true);
    expect(accepts(ErrorBody, '{"type":"error","code":11,"text":"busy","extra":1}')).toBe(true);
    expect(accepts(ErrorBody, '{"type":"error","text":"busy"}')).toBe(false);
    expect(accepts(ErrorBody, '{"type":"error","code":1.5}')).toBe(false);
  });
});

test("isJsonInteger accepts numbers written as integers", () => {
  expect(["3", "-0", "9007199254740993"].map(parseJson).every(isJsonInteger)).toBe(true);
  expect(["3.0", "3e0", '"3"', "null"].map(parseJson).some(isJsonInteger)).toBe(false);
});

test("isObject refuses arrays, null and RawNumbers", () => {
  expect(isObject(parseJson("{}"))).toBe(true);
  expect(["[]", "null", "1.0", '"x"', "1"].map(parseJson).some(isObject)).toBe(false);
});

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

describe("shorten", () => {
  test("returns a short text unchanged", () => {
    expect(shorten("abc", 3)).toBe("abc");
  });

  test("cuts a long text, and appends its length", () => {
    expect(shorten("abcd", 3)).toBe("abc... (4 characters)");
  });
});
