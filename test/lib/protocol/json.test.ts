import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import {
  isNestedDeeper,
  isRawNumber,
  mayHoldRawNumbers,
  parseJson,
  stringifyJson,
} from "../../../lib/protocol/json.ts";

// The engine takes a second to detect that a value is nested too deeply; a busy machine, several.
setDefaultTimeout(60_000);

const throughJson = (text: string) => stringifyJson(parseJson(text));

/** A JSON number in any spelling. */
const numberText = fc.stringMatching(
  /^-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][-+]?[0-9]{1,4})?$/,
);

/** Any JSON text without white space, with keys in an order that JavaScript keeps. */
const { jsonText } = fc.letrec<{ jsonText: string }>((tie) => ({
  jsonText: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    numberText,
    fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
    fc.constantFrom("null", "true", "false", '"\\ud800"', '"1.0"', '"\\"-0,1e5"'),
    fc.array(tie("jsonText"), { maxLength: 4 }).map((elements) => `[${elements}]`),
    fc
      .dictionary(
        fc.constantFrom("a", "b", "__proto__", "constructor", "1.0", "-0"),
        tie("jsonText"),
        { maxKeys: 4 },
      )
      .map((fields) => {
        const members = Object.entries(fields).map(
          ([key, text]) => `${JSON.stringify(key)}:${text}`,
        );
        return `{${members}}`;
      }),
  ),
}));

/** Mostly invalid JSON, made of its tokens. */
const almostJson = fc
  .array(
    fc.constantFrom(
      ...'[]{},:"\\-+.eE01u ',
      "1.0",
      "-0",
      "null",
      '"a"',
      '"b":',
      "9007199254740993",
      "1e400",
    ),
    { maxLength: 12 },
  )
  .map((tokens) => tokens.join(""));

function canParse(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("parseJson and stringifyJson", () => {
  test.each([
    "9007199254740993",
    "1.0",
    "1e400",
    "-0",
    "-0.0",
    "1E5",
    "1e5",
    "1e+21",
    "0.00000012",
    "1e-300",
    "123456789012345678901234567890",
    '{"__proto__":1.0}',
    '{"__proto__":{"constructor":[1e400]}}',
    '["1.0",1.0,"\\"1.0",{"1.0":-0}]',
    '"\\ud800 and \\udc00"',
    '[1e-300,"1e-300",2e-300,3]',
  ])("keep %s as it is written", (text) => {
    expect(throughJson(text)).toBe(text);
  });

  test("preserve every number in any spelling", () => {
    fc.assert(fc.property(numberText, (text) => throughJson(text) === text));
  });

  test("preserve every text without white space", () => {
    fc.assert(fc.property(jsonText, (text) => throughJson(text) === text));
  });

  test("ignore numbers in long strings of escapes", () => {
    const text = `["${'\\n1.0\\"2e5'.repeat(100_000)}",1.0]`;
    expect(throughJson(text) === text).toBe(true);
  });

  test("preserve a thousand different numbers, each twice", () => {
    const numbers = Array.from({ length: 1000 }, (_, index) => `${index}.0`);
    const text = `[${[...numbers, ...numbers].join(",")}]`;
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  test("ignore white space", () => {
    expect(throughJson(' { "a" : [ 1.0 ,\t-0 ] }\r')).toBe('{"a":[1.0,-0]}');
  });
});

describe("parseJson", () => {
  test("accepts exactly what JSON.parse accepts", () => {
    fc.assert(
      fc.property(almostJson, (text) => {
        if (canParse(text)) parseJson(text);
        else expect(() => parseJson(text)).toThrow(SyntaxError);
      }),
      { numRuns: 2000 },
    );
  });

  test("returns the value of JSON.parse, except for the spelling of numbers", () => {
    fc.assert(
      fc.property(fc.oneof(jsonText, almostJson.filter(canParse)), (text) => {
        expect(JSON.parse(throughJson(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each(["[1.0,]", "01.5", "1.", ".5", "+1", "1e", "0x10", "[1.0", '[1.0,"', "-", "NaN", ""])(
    "refuses %p",
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    },
  );

  test("reports syntax errors with positions in the original text", () => {
    expect(() => parseJson("[1.0,oops]")).toThrow("oops");
  });

  test("returns a plain number if JavaScript prints it as written", () => {
    expect(parseJson("[0,-1,1.5,9007199254740991,1.0]")).toEqual([
      0,
      -1,
      1.5,
      9007199254740991,
      expect.objectContaining({ rawJSON: "1.0" }),
    ]);
  });

  test("returns a RawNumber, which v.number() refuses, if JavaScript cannot represent the number", () => {
    const value = parseJson("9007199254740993");
    expect(isRawNumber(value) && value.rawJSON).toBe("9007199254740993");
    expect(v.is(v.number(), value)).toBe(false);
  });

  test("treats `__proto__` as any other key", () => {
    const value = parseJson('{"__proto__":{"polluted":1.0}}');
    expect(Object.keys(value as object)).toEqual(["__proto__"]);
    expect("polluted" in (value as object)).toBe(false);
  });

  test("parses a value nested a hundred thousand levels deep", () => {
    const levels = 100_000;
    let value = parseJson(`${"[".repeat(levels)}1.0${"]".repeat(levels)}`);
    let depth = 0;
    for (; Array.isArray(value); value = value[0]) depth++;
    expect(depth).toBe(levels);
    expect(isRawNumber(value) && value.rawJSON).toBe("1.0");
  });
});

describe("stringifyJson", () => {
  test("throws a RangeError on a value nested too deeply", () => {
    const value = parseJson(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
    expect(() => stringifyJson(value)).toThrow(RangeError);
  });

  const cycle: unknown[] = [];
  cycle.push(cycle);
  test.each([
    ["a cycle", cycle],
    ["a bigint", { big: 1n }],
    ["undefined", undefined],
    ["a function", () => {}],
  ])("throws a TypeError on %s", (_, value) => {
    expect(() => stringifyJson(value)).toThrow(TypeError);
  });
});

describe("mayHoldRawNumbers", () => {
  test("never misses a number that JavaScript prints differently", () => {
    fc.assert(
      fc.property(numberText, (text) => mayHoldRawNumbers(text) || `${JSON.parse(text)}` === text),
    );
  });

  test("is false for ordinary messages", () => {
    const line = '{"src":"c1","dest":"n3","body":{"type":"read","msg_id":120,"key":-5}}';
    expect(mayHoldRawNumbers(line)).toBe(false);
  });
});

describe("isNestedDeeper", () => {
  test.each([
    ["1", 0],
    ["[]", 1],
    ['{"a":[{},[[]]],"b":1}', 4],
    ["[[],[],[]]", 2],
    ['["[[[[", "\\"[[", "\\\\"]', 1],
    ['[[["', 3],
    ['["\\', 1],
  ])("of %s says how many levels deep it is nested: %d", (text, levels) => {
    expect(isNestedDeeper(text, levels)).toBe(false);
    if (levels > 0) expect(isNestedDeeper(text, levels - 1)).toBe(true);
  });
});
