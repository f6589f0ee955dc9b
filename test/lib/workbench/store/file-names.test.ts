import { describe, expect, test } from "bun:test";
import { basename, join, normalize } from "node:path";
import fc from "fast-check";
import { fileNames } from "../../../../lib/workbench/store/file-names.ts";

describe("fileNames", () => {
  const names: [string, string][] = [
    ["n0", "n0"],
    ["node-1_a.b", "node-1_a.b"],
    ["../x", "%2E.%2Fx"],
    ["..", "%2E%2E"],
    ["a\\b:c*d", "a%5Cb%3Ac%2Ad"],
    ["a%2Fb", "a%252Fb"],
    ["ü\n", "%C3%BC%0A"],
    ["", "%"],
    ["CON", "%CON"],
    ["nul.1", "%nul.1"],
  ];
  test.each(names)("turns %j into %j", (name, wanted) => {
    expect(fileNames([name]).get(name)).toBe(wanted);
  });

  test("numbers names that differ only in case, or only after 100 characters", () => {
    const long = "n".repeat(300);
    expect([...fileNames(["n1", "N1", "n1~2", `${long}1`, `${long}2`]).values()]).toEqual([
      ...["n1", "N1~2", "n1%7E2", "n".repeat(100), `${"n".repeat(100)}~2`],
    ]);
  });

  test("returns unique names without path separators for any input", () => {
    const anyName = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("..", ""));
    fc.assert(
      fc.property(fc.uniqueArray(anyName), (names) => {
        const given = [...fileNames(names).values()];
        for (const name of given) {
          expect(normalize(join("logs", `${name}.log`))).toBe(join("logs", `${name}.log`));
          expect(basename(name)).toBe(name);
          expect(name).toMatch(/^[\w%~-][\w%~.-]{0,110}$/);
        }
        expect(new Set(given.map((name) => name.toLowerCase())).size).toBe(names.length);
      }),
    );
  });
});
