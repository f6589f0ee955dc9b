import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decode, encode } from "../../../../lib/protocol/codec.ts";
import { parseJson } from "../../../../lib/protocol/json.ts";
import { isObject } from "../../../../lib/protocol/message.ts";
import type { AnyBody, Message } from "../../../../lib/vortex/index.ts";
import { copyMessage } from "../../../../lib/workbench/clusters/message-copy.ts";

const messageOf = (body: AnyBody): Message => ({ src: "n0", dest: "n1", body });

/** The message on the other side of a pipe. */
function throughPipe(message: Message): Message {
  const decoded = decode(encode(message).trimEnd());
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.message;
}

/** Values that differ from their JSON text in many ways. */
const anything = fc.oneof(
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  }),
  fc.constantFrom(-0, 1e21, 1e-7, 5e-324, Number.NaN, "\ud800", 2 ** 53, -(2 ** 31)),
  fc
    .constantFrom("1.0", "9007199254740993", '[1.5,{"__proto__":1}]', '{"1":1,"a":2,"0":3}')
    .map(parseJson),
);
const fields = fc.dictionary(
  fc.oneof(fc.string(), fc.constantFrom("type", "__proto__", "toJSON", "2", "1", "-0")),
  anything,
  { noNullPrototype: true },
);
/** Values that a JSON parser returns for common text. */
const plain = fc.dictionary(
  fc.string().filter((key) => key !== "__proto__" && key !== "toJSON"),
  fc
    .jsonValue({ maxDepth: 5 })
    .map((value) => JSON.parse(JSON.stringify(value).replace(/e[-+]\d+|__proto__|toJSON/g, ""))),
  { noNullPrototype: true },
);

describe("copyMessage", () => {
  test("returns what encoding and decoding returns, or nothing", () => {
    fc.assert(
      fc.property(fields, (body) => {
        const message = messageOf(body);
        const copy = copyMessage(message);
        if (copy === undefined) return;
        const decoded = throughPipe(message);
        expect(copy).toStrictEqual(decoded);
        // The order of keys, too.
        expect(encode(copy)).toBe(encode(decoded));
      }),
    );
  });

  test("copies every message of common values", () => {
    fc.assert(
      fc.property(plain, (body) => {
        expect(copyMessage(messageOf(body))).toStrictEqual(throughPipe(messageOf(body)));
      }),
    );
  });

  test("shares no object with the message", () => {
    const list = [1, { of: ["a"] }];
    const copy = copyMessage(messageOf({ type: "x", first: list, second: list }));
    list.push(2);
    const { first, second } = copy?.body ?? {};
    expect(first).toEqual([1, { of: ["a"] }]);
    expect(first).not.toBe(second);
  });

  test.each([
    ["a field that JSON drops", { call: () => 1 }],
    ["a toJSON", { at: new Date(0) }],
    ["a class instance", { set: new Set([1]) }],
    ["a gap in an array", { list: [1, undefined] }],
    ["a number with an exponent", { big: 1e21 }],
    ["a number that JavaScript cannot represent", { big: parseJson("9007199254740993") }],
    ["a key that sets the prototype", { map: JSON.parse('{"__proto__":{"a":1}}') }],
    ["deep nesting", { deep: JSON.parse(`${"[".repeat(100)}${"]".repeat(100)}`) }],
  ])("leaves %s to the encoder", (_, body) => {
    expect(copyMessage(messageOf(body))).toBeUndefined();
  });

  test("leaves a body that is not an object, and a dest that is not a string, to the encoder", () => {
    for (const value of [undefined, null, 1, [1]]) {
      // Programs in JavaScript may pass anything.
      const [dest, body] = [value as unknown as string, value as unknown as AnyBody];
      expect(copyMessage({ src: "n0", dest, body: {} })).toBeUndefined();
      if (!isObject(value)) expect(copyMessage({ src: "n0", dest: "n1", body })).toBeUndefined();
    }
  });
});
