import { describe, expect, test } from "bun:test";
import { parseJson, stringifyJson } from "../../../../../lib/vortex/index.ts";
import { type Posted, post, received } from "../../../../../lib/workbench/play/engine/post.ts";

/** Posts a message, and returns what arrives. */
async function passed(message: object): Promise<object> {
  const { port1, port2 } = new MessageChannel();
  const { promise, resolve } = Promise.withResolvers<Posted<object>>();
  port2.onmessage = ({ data }) => resolve(data);
  try {
    post(port1, message);
    return received(await promise);
  } finally {
    port1.close();
  }
}

describe("A message between the page and a worker", () => {
  test("keeps its numbers as they were written", async () => {
    const text = '{"values":[9007199254740993,1.0,-0.0,1e400,7]}';
    expect(stringifyJson(await passed({ reply: parseJson(text) }))).toBe(`{"reply":${text}}`);
  });

  test("keeps unpaired surrogates, keys of prototypes and integers of any size", async () => {
    const message = JSON.parse('{"__proto__":{"constructor":"\\ud800"}}');
    expect(await passed(message)).toEqual(message);
    const raw = parseJson('{"__proto__":{"constructor":"\\ud800"},"raw":1.0}');
    const all = (await passed({ raw, count: 2n ** 64n })) as object;
    expect(stringifyJson(all)).toBe(
      '{"raw":{"__proto__":{"constructor":"\\ud800"},"raw":1.0},"count":18446744073709551616}',
    );
  });

  test("that neither way can hold is refused", async () => {
    await expect(passed({ handler() {}, toJSON: () => undefined })).rejects.toThrow(TypeError);
  });
});
