import { describe, expect, test } from "bun:test";
import { checkAvailability } from "../../../../../lib/workbench/checkers/every-test/availability.ts";
import { fail, history, info, invoke, whole } from "../../../../support/histories/history.ts";

const oks = (count: number) =>
  Array.from({ length: count }, () => whole(0, "read", null, 1)).flat();
const fails = (count: number) =>
  Array.from({ length: count }, () => [invoke(0, "read"), fail(0)]).flat();

describe("checkAvailability", () => {
  test("divides ok operations by invocations, in single precision", () => {
    const { okFraction } = checkAvailability(history(oks(1), fails(2)));
    expect(okFraction).toBe(0.3333333432674408);
  });

  test("treats a test without operations as fully available", () => {
    expect(checkAvailability([], { availability: "total" })).toEqual({
      valid: true,
      okFraction: 1,
    });
  });

  test("is valid at any fraction if none is required", () => {
    expect(checkAvailability(history(fails(3)))).toEqual({ valid: true, okFraction: 0 });
  });

  test("flags a definite error under total availability, and names it", () => {
    const verdict = checkAvailability(history(oks(3), fails(1)), { availability: "total" });
    expect(verdict.valid).toBe(false);
    expect(verdict.explanation?.[0]?.sentence).toBe(
      'process 0\'s read at 0.007 s ended as fail (["abort",null]); ' +
        "3 of 4 operations were ok, all are required",
    );
  });

  test("flags an operation that never ended", () => {
    const pending = history(oks(1), invoke(0, "read"));
    expect(checkAvailability(pending, { availability: "total" }).valid).toBe(false);
  });

  test.each([
    [0.5, 1, 1, true],
    [0.6, 3, 2, true],
    [0.7, 7, 3, false],
    [0.75, 3, 1, true],
    [0.76, 3, 1, false],
  ])("with %p required and %i ok, %i failed is %p", (availability, ok, failed, valid) => {
    const verdict = checkAvailability(history(oks(ok), fails(failed)), { availability });
    expect(verdict.valid).toBe(valid);
  });

  test("ignores the nemesis", () => {
    const partition = { type: "info", process: "nemesis", f: "start-partition" } as const;
    const split = history(partition, oks(1), partition);
    expect(checkAvailability(split, { availability: "total" }).valid).toBe(true);
  });

  test("counts an indefinite operation as not ok", () => {
    const indefinite = history(oks(1), invoke(0, "write"), info(0));
    expect(checkAvailability(indefinite).okFraction).toBe(0.5);
  });
});
