import { describe, expect, test } from "bun:test";
import { shorten } from "../../../lib/protocol/shorten.ts";

describe("shorten", () => {
  test("returns a short text unchanged", () => {
    expect(shorten("abc", 3)).toBe("abc");
  });

  test("cuts a long text, and appends its length", () => {
    expect(shorten("abcd", 3)).toBe("abc... (4 characters)");
  });
});
