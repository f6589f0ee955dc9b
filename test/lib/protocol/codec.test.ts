import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { decode, encode } from "../../../lib/protocol/codec.ts";
import { parseJson } from "../../../lib/protocol/json.ts";
import { Message } from "../../../lib/protocol/message.ts";
import { jsonText, near } from "../../support/near-schema.ts";

const message = fc.record({
  src: fc.string(),
  dest: fc.string(),
  body: fc.dictionary(fc.string(), fc.jsonValue()).map(
    // As it would arrive: numbers that JavaScript prints with an exponent are RawNumbers.
    (body) => parseJson(JSON.stringify(body)) as Message["body"],
  ),
});

function reasonFor(line: string): string {
  const decoded = decode(line);
  if (decoded.ok) throw new Error(`${line} was taken for a message`);
  return decoded.reason;
}

describe("codec", () => {
  test("decodes every encoded message to an equal one", () => {
    fc.assert(
      fc.property(message, (original) => {
        expect(decode(encode(original))).toEqual({ ok: true, message: original });
      }),
    );
  });

  test("decodes what fits the schema of messages, to its output, and nothing else", () => {
    fc.assert(
      fc.property(fc.oneof(near(Message), jsonText), (text) => {
        const expected = v.safeParse(Message, parseJson(text));
        const decoded = decode(text);
        expect(decoded.ok).toBe(expected.success);
        if (decoded.ok) expect(decoded.message).toStrictEqual(expected.output as Message);
      }),
    );
  });

  test("encodes every message as one line", () => {
    fc.assert(fc.property(message, (original) => /^[^\n]*\n$/.test(encode(original))));
  });
});

describe("encode", () => {
  test("writes src, dest and body, and nothing else", () => {
    const withId = { id: 5, src: "n0", dest: "c1", body: { type: "read_ok", value: [1, null] } };
    expect(encode(withId)).toBe(
      '{"src":"n0","dest":"c1","body":{"type":"read_ok","value":[1,null]}}\n',
    );
  });

  test("throws on a body that is not JSON", () => {
    expect(() => encode({ src: "n0", dest: "c1", body: { value: 1n } })).toThrow(TypeError);
  });
});

describe("decode", () => {
  test("refuses a line nested a million levels deep, before it takes memory for each", () => {
    const deep = (levels: number) =>
      `{"src":"c1","dest":"n0","body":{"x":${"[".repeat(levels)}${"]".repeat(levels)}}}`;
    expect(decode(deep(2 ** 20 - 2)).ok).toBe(true);
    expect(reasonFor(deep(2 ** 20 - 1))).toBe(
      "not a message: it is nested more than 1048576 levels deep",
    );
  });

  test("drops the id that the network adds", () => {
    expect(decode('{"id":3,"src":"c1","dest":"n0","body":{"type":"read"}}')).toEqual({
      ok: true,
      message: { src: "c1", dest: "n0", body: { type: "read" } },
    });
  });

  test("accepts any body, even an empty one: the node checks it", () => {
    expect(decode('{"src":"c1","dest":"n0","body":{}}').ok).toBe(true);
  });

  test.each([
    ["", /^not JSON: /],
    ["hello", /^not JSON: .*hello/],
    ['{"src":"c1",', /^not JSON: /],
    ["{} {}", /^not JSON: /],
    ["null", /^not a message: it must be an object$/],
    ["17", /^not a message: it must be an object$/],
    ["1.0", /^not a message: it must be an object$/],
    ["[]", /^not a message: it must be an object$/],
    ["{}", /^not a message: "src" is missing; "dest" is missing; "body" is missing$/],
    ['{"src":1,"dest":"n0","body":{}}', /^not a message: "src" must be a string, but is 1$/],
    ['{"src":"c1","dest":null,"body":{}}', /^not a message: "dest" must be a string, but is null$/],
    ['{"src":"c1","dest":"n0"}', /^not a message: "body" is missing$/],
    ['{"src":"c1","dest":"n0","body":[]}', /"body" must be an object, but is an array$/],
    ['{"src":"c1","dest":"n0","body":"x"}', /"body" must be an object, but is "x"$/],
    ['{"src":"c1","dest":"n0","body":null}', /"body" must be an object, but is null$/],
    ['{"src":"c1","dest":"n0","body":1.0}', /"body" must be an object, but is 1\.0$/],
  ])("says why %j is no message", (line, reason) => {
    expect(reasonFor(line)).toMatch(reason);
  });
});
