import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LineReader, splitLines } from "../../../lib/protocol/lines.ts";

/** All lines of some chunks, the last one included. */
function linesOf(chunks: readonly Uint8Array[]): string[] {
  const reader = new LineReader();
  const texts = [...chunks.map((chunk) => reader.push(chunk)), reader.end()];
  return texts.flatMap(splitLines);
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Splits bytes at the given places. */
function cut(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const borders = [...places.map((place) => place % (whole.length + 1)), whole.length];
  borders.sort((one, other) => one - other);
  return borders.map((border, index) => whole.subarray(borders[index - 1] ?? 0, border));
}

const line = fc.string({ unit: "binary" }).filter((text) => !/[\r\n\uFEFF]/.test(text));
const terminated = fc.tuple(line, fc.constantFrom("\n", "\r\n"));

describe("LineReader", () => {
  test("returns the same lines wherever the chunks are cut", () => {
    fc.assert(
      fc.property(fc.array(terminated), line, fc.array(fc.nat()), (lines, last, places) => {
        const text = lines.map(([content, lineBreak]) => content + lineBreak).join("") + last;
        const expected = lines.map(([content]) => content);
        if (last !== "") expected.push(last);
        expect(linesOf(cut(bytes(text), places))).toEqual(expected);
      }),
    );
  });

  test("joins a character whose bytes arrive one by one", () => {
    expect(linesOf([...bytes("a😀é\n")].map((byte) => Uint8Array.of(byte)))).toEqual(["a😀é"]);
  });

  test("joins \\r and \\n in different chunks", () => {
    expect(linesOf([bytes("a\r"), bytes("\nb\r\n")])).toEqual(["a", "b"]);
  });

  test("returns nothing before a line is complete", () => {
    const reader = new LineReader();
    expect(reader.push(bytes("a\nb"))).toBe("a\n");
    expect(reader.push(bytes("c"))).toBe("");
    expect(reader.push(bytes("d\n"))).toBe("bcd\n");
    expect(reader.end()).toBe("");
  });

  test("returns a last line without a line break at the end, once", () => {
    const reader = new LineReader();
    reader.push(bytes("a\nlast"));
    expect(reader.end()).toBe("last");
    expect(reader.end()).toBe("");
  });

  test("keeps a line of many megabytes whole", () => {
    const chunk = bytes("0123456789abcde\u{1F600}".repeat(4096));
    const lines = linesOf([...Array<Uint8Array>(100).fill(chunk), bytes("\n")]);
    expect(lines.map(({ length }) => length)).toEqual([100 * 4096 * 17]);
  });

  test("returns a line in pieces if it is longer than the limit", () => {
    const reader = new LineReader(5);
    expect(reader.push(bytes("abc"))).toBe("");
    expect(reader.push(bytes("de\u00e9"))).toBe("abcde\u00e9\n");
    expect(reader.push(bytes("fg\nh"))).toBe("fg\n");
    expect(reader.end()).toBe("h");
  });

  test("skips a line that is longer than the limit, reports its beginning, and continues", () => {
    const skipped: string[] = [];
    const reader = new LineReader(5, (beginning) => skipped.push(beginning));
    expect(reader.push(bytes("a\nbcd"))).toBe("a\n");
    expect(reader.push(bytes("\u00e9ef"))).toBe("");
    expect(skipped).toEqual(["bcd\u00e9ef"]);
    expect(reader.push(bytes("gh"))).toBe("");
    expect(reader.unfinished).toBe("");
    expect(reader.push(bytes("i\njk\nl"))).toBe("jk\n");
    expect(reader.push(bytes("m\n"))).toBe("lm\n");
    expect(skipped).toHaveLength(1);
  });

  test("skips a last line that is longer than the limit", () => {
    const reader = new LineReader(5, () => {});
    reader.push(bytes("a\nbcdefgh"));
    reader.push(bytes("ijk"));
    expect(reader.end()).toBe("");
  });

  test("drops a byte-order mark at the start of input, and only there", () => {
    expect(linesOf([bytes("\uFEFFa\n\uFEFFb\n")])).toEqual(["a", "\uFEFFb"]);
  });

  test("replaces bytes that are not UTF-8 by the replacement character", () => {
    expect(linesOf([Uint8Array.of(0x61, 0xff, 0x0a), Uint8Array.of(0xf0, 0x9f)])).toEqual([
      "a\uFFFD",
      "\uFFFD",
    ]);
  });
});

describe("splitLines", () => {
  test.each([
    ["", []],
    ["\n", [""]],
    ["a", ["a"]],
    ["a\n", ["a"]],
    ["a\n\nb\n", ["a", "", "b"]],
    ["a\r\nb\r\n", ["a", "b"]],
    ["a\rb\n", ["a\rb"]],
  ])("splits %j into %j", (text, lines) => {
    expect(splitLines(text)).toEqual(lines);
  });
});
