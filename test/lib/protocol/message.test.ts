import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { describeIssues } from "../../../lib/protocol/describe-issues.ts";
import { parseJson } from "../../../lib/protocol/json.ts";
import {
  Body,
  ErrorBody,
  initSchema,
  isInit,
  isJsonInteger,
  isObject,
  KeptJson,
  Message,
  MessageId,
  topologySchema,
} from "../../../lib/protocol/message.ts";
import { jsonText, near } from "../../support/near-schema.ts";

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

describe("initSchema", () => {
  test("requires a node id and a list of node ids", () => {
    expect(accepts(initSchema(), '{"type":"init","node_id":"n0","node_ids":["n0"]}')).toBe(true);
    expect(accepts(initSchema(), '{"type":"init","node_id":"n0"}')).toBe(false);
    expect(accepts(initSchema(), '{"type":"init","node_id":"n0","node_ids":[0]}')).toBe(false);
  });

  test("accepts the bodies that isInit accepts, and no others", () => {
    fc.assert(
      fc.property(fc.oneof(near(initSchema()), jsonText), (text) => {
        const body = parseJson(text);
        fc.pre(isObject(body));
        expect(isInit(body)).toBe(v.is(initSchema(), body));
      }),
    );
  });
});

describe("topologySchema", () => {
  test.each(['{"n0":["n1"],"n1":[]}', "{}", '{"__proto__":["n0"]}'])("accepts %s", (topology) => {
    expect(accepts(topologySchema(), `{"type":"topology","topology":${topology}}`)).toBe(true);
  });

  test.each(['{"n0":"n1"}', '{"n0":[1]}', '{"n0":null}', "[]", "null"])(
    "refuses %s",
    (topology) => {
      expect(accepts(topologySchema(), `{"type":"topology","topology":${topology}}`)).toBe(false);
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
