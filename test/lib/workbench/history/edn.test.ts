import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isArray } from "../../../../lib/protocol/json-key.ts";
import { type Json, stringifyJson } from "../../../../lib/vortex/index.ts";
import { EdnError, EdnReader } from "../../../../lib/workbench/history/edn.ts";
import { toEdn } from "../../../support/histories/history-edn.ts";

// fast-check's JSON values are JSON; only their type is not readonly.
const json = fc.jsonValue().map((value) => value as Json);

describe("EdnReader reads", () => {
  const forms: [string, string, unknown][] = [
    ["nil", "nil", null],
    ["booleans", "[true false]", [true, false]],
    ["keywords as their names", "[:invoke :final? :a/b]", ["invoke", "final?", "a/b"]],
    ["symbols as their names", "clojure.lang.ExceptionInfo", "clojure.lang.ExceptionInfo"],
    ["strings", String.raw`"a \"b\" \\ \n\t\r\f\b \u00e9"`, 'a "b" \\ \n\t\r\f\b é'],
    ["strings that span lines", '"a\nb"', "a\nb"],
    ["characters", String.raw`[\a \newline \space \u00e9 \( \, \\]`, "a\n é(,\\".split("")],
    ["characters beyond 16 bits", "[\\😀]", ["😀"]],
    ["lists, vectors and sets as arrays", "((1) [2] #{3})", [[1], [2], [3]]],
    ["maps as objects", "{:type :invoke, :value [1 2]}", { type: "invoke", value: [1, 2] }],
    ["keys of maps as strings", '{7 1 "8" 2 nil 3 [1 2] 4}', { 7: 1, 8: 2, null: 3, "[1,2]": 4 }],
    ["commas as white space", "[1,2,,3]", [1, 2, 3]],
    ["around comments", "[1 ; one ]\n 2]", [1, 2]],
    ["around discarded forms", "[#_ 1 2 #_[3 {4 5}] #_#_ 5 6 7]", [2, 7]],
    ["tagged forms without their tags", "#jepsen.history.Op{:f :txn}", { f: "txn" }],
    ["tags before white space and other tags", '#a #b/c "d"', "d"],
    [
      "objects as Clojure prints them",
      '#object[java.lang.Object 0x1f3a "it"]',
      ["java.lang.Object", "0x1f3a", "it"],
    ],
    ["vars and numbers that JSON lacks", "[#'user/x ##Inf 1/2]", ["#'user/x", "##Inf", "1/2"]],
  ];
  test.each(forms)("%s", (_, text, value) => {
    expect(read(text)).toEqual([value as Json]);
  });

  test("numbers as they were written", () => {
    const text =
      "[0 -5 +7 1N 9007199254740993 -123456789012345678901 1.0 1.5 -0.0 1e400 2.5E-3 3M]";
    expect(stringifyJson(read(text)[0])).toBe(
      "[0,-5,7,1,9007199254740993,-123456789012345678901,1.0,1.5,-0.0,1e400,2.5E-3,3]",
    );
  });

  test("a key named __proto__ like any other", () => {
    const [map] = read("{:__proto__ {:x 1}}");
    expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
    expect(stringifyJson(map)).toBe('{"__proto__":{"x":1}}');
  });

  test("forms nested a million deep", () => {
    const depth = 1_000_000;
    let [form] = read("[".repeat(depth) + "]".repeat(depth));
    let found = 0;
    for (; form !== undefined && isArray(form); [form] = form) found++;
    expect(found).toBe(depth);
  });

  test("every JSON value back after printing it as EDN", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(stringifyJson(read(toEdn(value)))).toBe(stringifyJson([value]));
      }),
    );
  });

  test("the same forms from any division of the text into lines", () => {
    fc.assert(
      fc.property(fc.array(json), fc.array(fc.boolean()), (values, cuts) => {
        const lines = values.flatMap((value) => toEdn(value, "\n").split("\n"));
        const reader = new EdnReader();
        const forms: Json[] = [];
        let chunk = "";
        for (const [index, line] of lines.entries()) {
          chunk += `${line}\n`;
          if (cuts[index % cuts.length] === false) continue;
          forms.push(...reader.push(chunk));
          chunk = "";
        }
        forms.push(...reader.push(chunk));
        reader.end();
        expect(stringifyJson(forms)).toBe(stringifyJson(values));
      }),
    );
  });
});

describe("EdnReader refuses, with the line number,", () => {
  const broken: [string, string, string][] = [
    ["a surplus bracket", "[1]\n]", 'line 2: unexpected "]"'],
    ["mismatched brackets", "[1\n}", 'line 2: unexpected "}"'],
    ["a discard without a form", "[1 #_]", 'unexpected "]"'],
    ["a key without a value", "{:a 1\n:b}", "line 2: the last key of a map has no value"],
    ["an unknown escape", '\n"\\q"', "line 2: \\q is not an escape sequence"],
    ["an unknown character", "\\nope", "line 1: \\nope is not a character"],
    ["an unfinished form", "{:a 1}\n{:b", "line 3: the text ends within a form"],
    ["an unfinished string", '{:a "b', "the text ends within a form"],
    ["a tag without a form", "#inst", "the text ends within a form"],
  ];
  test.each(broken)("%s", (_, text, message) => {
    const attempt = () => read(text);
    expect(attempt).toThrow(EdnError);
    expect(attempt).toThrow(message);
  });
});

/** Returns all forms of a text. */
function read(text: string): Json[] {
  const reader = new EdnReader();
  const forms = reader.push(`${text}\n`);
  reader.end();
  return forms;
}
