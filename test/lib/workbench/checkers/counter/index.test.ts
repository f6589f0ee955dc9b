import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Json, parseJson } from "../../../../../lib/vortex/index.ts";
import { FatalCheckError } from "../../../../../lib/workbench/checkers/checker.ts";
import { checkCounter } from "../../../../../lib/workbench/checkers/counter/index.ts";
import {
  type Entry,
  fail,
  final,
  history,
  info,
  invoke,
  whole,
} from "../../../../support/histories/history.ts";

const add = (process: number, delta: Json) => whole(process, "add", delta);
const doubtful = (process: number, delta: Json) => [invoke(process, "add", delta), info(process)];
const finalRead = (process: number, value: Json) => final(...whole(process, "read", null, value));

describe("checkCounter", () => {
  test("accepts the sum of acknowledged adds", () => {
    expect(checkCounter(history(add(0, 3), add(1, -5), finalRead(0, -2)))).toEqual({
      valid: true,
      errorCount: 0,
      finalReads: [-2],
      acceptable: [[-2, -2]],
      explanation: [],
    });
  });

  test("flags a final read that misses an acknowledged add, and names the expected sum", () => {
    const verdict = checkCounter(history(add(0, 3), add(1, 4), finalRead(0, 7), finalRead(1, 3)));
    expect(verdict).toMatchObject({ valid: false, errorCount: 1, finalReads: [7, 3] });
    expect(verdict.explanation?.[0]?.sentence).toBe(
      "process 1's read at 0.008 s, a final read, returned 3: the acknowledged adds sum to 7",
    );
  });

  test("accepts any subset of the indefinite adds", () => {
    const adds = [add(0, 10), doubtful(1, 5), doubtful(2, -1), doubtful(3, -1)];
    const reads = [8, 9, 10, 13, 14, 15].map((value) => finalRead(0, value));
    expect(checkCounter(history(...adds, ...reads))).toMatchObject({
      valid: true,
      acceptable: [
        [8, 10],
        [13, 15],
      ],
    });
  });

  test("flags a value between two acceptable ranges, and names the nearest sums", () => {
    const verdict = checkCounter(history(add(0, 10), doubtful(1, 5), finalRead(0, 12)));
    expect(verdict.valid).toBe(false);
    expect(verdict.explanation?.[0]?.sentence).toEndWith(
      "and with any of 1 indefinite add the nearest possible sums are 10 and 15",
    );
    expect(verdict.explanation?.[0]?.operations.map(({ index }) => index)).toEqual([3, 5]);
  });

  test("does not count failed adds", () => {
    const failed = history(invoke(0, "add", 5), fail(0), finalRead(1, 5));
    expect(checkCounter(failed).valid).toBe(false);
  });

  test("ignores reads that are not final, and final reads that were not ok", () => {
    const reads = history(
      add(0, 1),
      whole(0, "read", null, 99),
      ...final(invoke(0, "read"), info(0)),
    );
    expect(checkCounter(reads)).toMatchObject({ valid: true, finalReads: [] });
  });

  test("compares integers with all their digits", () => {
    const big = (text: string) => parseJson(text) as Json;
    const adds = [add(0, big("9007199254740993")), add(0, 2)];
    expect(checkCounter(history(...adds, finalRead(0, big("9007199254740995")))).valid).toBe(true);
    expect(checkCounter(history(...adds, finalRead(0, big("9007199254740996")))).valid).toBe(false);
  });

  test("throws a FatalCheckError if a final read is not an integer", () => {
    const fraction = history(finalRead(0, 1.5));
    expect(() => checkCounter(fraction)).toThrow(FatalCheckError);
  });

  test("accepts exactly the sums of acknowledged adds and a subset of the indefinite ones", () => {
    const deltas = fc.array(fc.integer({ min: -5, max: 4 }), { maxLength: 6 });
    fc.assert(
      fc.property(deltas, deltas, fc.integer({ min: -60, max: 60 }), (certain, maybe, value) => {
        const entries: Entry[][] = [
          ...certain.map((delta) => add(0, delta)),
          ...maybe.map((delta, index) => doubtful(index + 1, delta)),
        ];
        let sums = [certain.reduce((one, other) => one + other, 0)];
        for (const delta of maybe) sums = sums.concat(sums.map((sum) => sum + delta));
        const { valid } = checkCounter(history(...entries, finalRead(0, value)));
        expect(valid).toBe(sums.includes(value));
      }),
    );
  });
});
