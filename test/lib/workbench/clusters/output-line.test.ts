import { describe, expect, test } from "bun:test";
import { readOutputLine } from "../../../../lib/workbench/clusters/output-line.ts";

function reasonOf(line: string): string {
  const read = readOutputLine(line);
  return read.ok ? "accepted" : read.reason;
}

describe("readOutputLine", () => {
  test("parses a message", () => {
    expect(readOutputLine('{"src":"n0","dest":"c1","body":{"type":"echo_ok"}}')).toEqual({
      ok: true,
      src: "n0",
      dest: "c1",
      body: { type: "echo_ok" },
    });
  });

  test.each(['{"src":"n0","dest":"n1"}', '{"src":"n0","dest":"n1","body":null}'])(
    "takes %s for a message with an empty body",
    (line) => {
      expect(readOutputLine(line)).toMatchObject({ ok: true, body: {} });
    },
  );

  test("accepts 1000 levels of nesting, and no more", () => {
    const nested = (levels: number) =>
      `{"src":"n0","dest":"n1","body":{"v":${"[".repeat(levels - 2)}${"]".repeat(levels - 2)}}}`;
    expect(reasonOf(nested(1000))).toBe("accepted");
    expect(reasonOf(nested(1001))).toBe("the line is nested more than 1000 levels deep");
  });

  test("accepts an integer id", () => {
    expect(reasonOf('{"id":7,"src":"n0","dest":"n1","body":{}}')).toBe("accepted");
  });

  test.each([
    ["hello", "not JSON"],
    ["", "the line is empty"],
    ["null", "malformed network message"],
    ["17", "malformed network message"],
    ["[]", "malformed network message"],
    ['{"dest":"n1","body":{}}', '"src" is missing'],
    ['{"src":"n0","body":{}}', '"dest" is missing'],
    ['{"src":0,"dest":"n1","body":{}}', '"src" must be a string, but is 0'],
    ['{"src":"n0","dest":"n1","body":"text"}', '"body" must be an object, but is "text"'],
    ['{"src":"n0","dest":"n1","body":[1]}', '"body" must be an object, but is an array'],
    ['{"src":"n0","dest":"n1","body":{},"time":1}', '"time"'],
    ['{"id":"7","src":"n0","dest":"n1","body":{}}', '"id" must be an integer'],
    ['{"id":1.5,"src":"n0","dest":"n1","body":{}}', '"id" must be an integer'],
  ])("refuses %p and says why", (line, reason) => {
    expect(reasonOf(line)).toContain(reason);
  });

  test("preserves the notation of numbers", () => {
    const read = readOutputLine('{"src":"n0","dest":"n1","body":{"n":9007199254740993}}');
    expect(JSON.stringify(read.ok && read.body)).toBe('{"n":9007199254740993}');
  });
});
