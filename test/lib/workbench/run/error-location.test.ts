import { describe, expect, test } from "bun:test";
import { locationOf } from "../../../../lib/workbench/run/error-location.ts";

const JAVASCRIPT = [
  "Error in handler of \"echo\": TypeError: undefined is not an object (evaluating 'seen.push')",
  "    at push (node_modules/vortex/lib/vortex/chunks.ts:3:4)",
  "    at <anonymous> (/home/me/throws.ts:6:5)",
  "    at receive (/home/me/lib/vortex/node.ts:410:15)",
];
const PYTHON = [
  "Traceback (most recent call last):",
  '  File "/home/me/main.py", line 30, in <module>',
  '  File "/home/me/echo.py", line 7, in handle',
  "KeyError: 'ecko'",
];
const GO = [
  "panic: runtime error: index out of range [5] with length 3",
  "goroutine 1 [running]:",
  "\t/home/me/main.go:42 +0x1d",
];

describe("locationOf", () => {
  test.each([
    ["TypeError: undefined is not an object (evaluating 'seen.push')", JAVASCRIPT, "throws.ts:6"],
    ["KeyError('ecko')", PYTHON, "echo.py:7"],
    ["index out of range [5] with length 3", GO, "main.go:42"],
  ])("finds the program's own line of %s", (text, log, location) => {
    expect(locationOf(text, ["starting", ...log, "done"])).toBe(location);
  });

  test.each([
    ["a text that was not logged", "RangeError: too deep", JAVASCRIPT],
    ["a single word, which may occur anywhere", "handler", JAVASCRIPT],
    ["an error without a stack trace", "no such key", ["no such key", "ready"]],
    [
      "frames of a minified program",
      "no luck",
      ["Error: no luck", "  at x (/$bunfs/root/a.js:6:16)"],
    ],
  ])("finds nothing for %s", (_, text, log) => {
    expect(locationOf(text, log)).toBeUndefined();
  });
});
