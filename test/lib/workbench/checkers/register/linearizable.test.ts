import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../../../../lib/vortex/index.ts";
import type { LinearizationBar } from "../../../../../lib/workbench/checkers/checker.ts";
import { checkLinearizable } from "../../../../../lib/workbench/checkers/register/linearizable.ts";
import {
  type Entry,
  fail,
  history,
  info,
  invoke,
  ok,
  whole,
} from "../../../../support/histories/history.ts";
import {
  explosiveHistory,
  registerHistories,
} from "../../../../support/histories/register-histories.ts";
import { registerHistory } from "../../../../support/histories/register-model.ts";
import { isLinearizable } from "../../../../support/oracles/register.ts";

const read = (process: number, value: Json, key: Json = 0) =>
  whole(process, "read", [key, null], [key, value]);
const write = (process: number, value: Json, key: Json = 0) =>
  whole(process, "write", [key, value]);
const cas = (process: number, from: Json, to: Json, key: Json = 0) =>
  whole(process, "cas", [key, [from, to]]);
const valid = (...entries: readonly (Entry | readonly Entry[])[]) =>
  checkLinearizable(history(...entries)).valid;

const endOf = (bar: LinearizationBar | undefined) =>
  bar?.end === undefined ? Number.POSITIVE_INFINITY : (bar.completion ?? Number.NaN);

describe("checkLinearizable", () => {
  test("accepts a store without operations", () => {
    expect(checkLinearizable([])).toMatchObject({ valid: true, failures: [], keys: {} });
  });

  test("accepts sequential operations", () => {
    expect(valid(write(0, 1), read(1, 1), cas(0, 1, 2), read(1, 2))).toBe(true);
  });

  test("flags a stale read, and names the possible values of the register", () => {
    const verdict = checkLinearizable(history(write(0, 1), write(0, 2), read(1, 1)));
    expect(verdict).toMatchObject({ valid: false, failures: [0], keys: { 0: false } });
    expect(verdict.explanation?.[0]?.sentence).toBe(
      "key 0: process 1's read at 0.005 s returned 1 by 0.006 s, " +
        "but every order of the preceding operations leaves 2, " +
        "and no open operation could change that in time",
    );
    expect(verdict.explanation?.[0]?.operations.map(({ index }) => index)).toEqual([2, 3, 4, 5]);
  });

  test("shows how far an order comes, with the values in between", () => {
    const { explanation } = checkLinearizable(
      history(write(0, 1, "a"), cas(0, 1, 2, "a"), read(1, 1, "a")),
    );
    expect(explanation?.[0]?.linearization).toMatchObject({
      part: 'key "a"',
      operations: [{ label: "write 1" }, { label: "cas 1 to 2" }, { label: "read: 1" }],
      omittedCount: 0,
      partials: [
        {
          initialState: "null",
          steps: [
            { operation: 0, state: "1" },
            { operation: 1, state: "2" },
          ],
          refused: [2],
        },
      ],
      stuck: 2,
      unplaced: [2],
    });
  });

  test("draws the operation that its sentence names, and orders that respect real time", () => {
    fc.assert(
      fc.property(registerHistories, (entries) => {
        for (const { operations, linearization } of checkLinearizable(entries).explanation ?? []) {
          const { operations: bars = [], partials = [], stuck = -1 } = linearization ?? {};
          expect(operations.map(({ index }) => index)).toContain(bars[stuck]?.invocation ?? -1);
          for (const { steps } of partials) {
            const order = steps.map(({ operation }) => bars[operation]);
            for (const [index, bar] of order.entries()) {
              const returnedAfter = order.slice(index).map((each) => endOf(each));
              expect(bar?.invocation ?? -1).toBeLessThan(Math.min(...returnedAfter));
            }
          }
        }
      }),
    );
  });

  test("is unknown if the search exceeds maxSteps", () => {
    const hard = explosiveHistory();
    expect(checkLinearizable(hard)).toMatchObject({ valid: false });
    expect(checkLinearizable(hard, { maxSteps: 20_000 })).toMatchObject({ valid: "unknown" });
  });

  test("flags a read of a value that was never written", () => {
    const verdict = checkLinearizable(history(write(0, 1), read(1, 7)));
    expect(verdict.valid).toBe(false);
    expect(verdict.explanation?.[0]?.sentence).toEndWith(
      "but no operation invoked before that sets the value it needs",
    );
  });

  test("flags a cas that succeeded against another value", () => {
    expect(valid(write(0, 1), cas(0, 2, 3))).toBe(false);
  });

  test("flags a cas that succeeded on a key that was never written", () => {
    expect(valid(cas(0, 1, 2))).toBe(false);
  });

  test("accepts a cas from null on a key that was never written", () => {
    expect(valid(cas(0, null, 2), read(0, 2))).toBe(true);
  });

  test("flags two cas that succeeded against one value", () => {
    const both = [invoke(1, "cas", [0, [1, 2]]), invoke(2, "cas", [0, [1, 3]]), ok(1), ok(2)];
    expect(valid(write(0, 1), both)).toBe(false);
  });

  test("flags a cas from a value to itself that the register does not hold", () => {
    expect(valid(write(0, 1), cas(0, 2, 2))).toBe(false);
  });

  test("flags a read of a failed write", () => {
    expect(valid(write(0, 1), invoke(0, "write", [0, 2]), fail(0), read(1, 2))).toBe(false);
  });

  test("accepts a failed cas that could have succeeded", () => {
    expect(valid(write(0, 1), invoke(0, "cas", [0, [1, 2]]), fail(0), read(1, 1))).toBe(true);
  });

  test("accepts any value for a read of null", () => {
    expect(valid(write(0, 1), read(1, null), read(1, 1))).toBe(true);
  });

  test("accepts concurrent operations in either order", () => {
    const both = [invoke(0, "write", [0, 1]), invoke(1, "write", [0, 2]), ok(0), ok(1)];
    expect(valid(both, read(2, 1))).toBe(true);
    expect(valid(both, read(2, 2))).toBe(true);
    expect(valid(both, read(2, 1), read(2, 2))).toBe(false);
  });

  test("accepts reads of a write before it returns, but no read of the old value after one", () => {
    const begun = [write(0, 1), invoke(0, "write", [0, 2])];
    expect(valid(...begun, read(1, 1), read(1, 2), ok(0))).toBe(true);
    expect(valid(...begun, read(1, 2), read(1, 1), ok(0))).toBe(false);
  });

  test("accepts that an indefinite write takes effect once at any later time, or never", () => {
    const doubt = [write(0, 1), invoke(1, "write", [0, 2]), info(1)].flat();
    expect(valid(doubt, read(2, 1))).toBe(true);
    expect(valid(doubt, read(2, 1), write(2, 3), read(2, 2))).toBe(true);
    expect(valid(doubt, read(2, 2), write(2, 3), read(2, 2))).toBe(false);
    expect(valid(read(2, 2), doubt)).toBe(false);
  });

  test("treats an operation that never completed as indefinite", () => {
    expect(valid(invoke(1, "write", [0, 2]), read(2, 2))).toBe(true);
  });

  test("checks each key separately", () => {
    const verdict = checkLinearizable(
      history(write(0, 1, 10), write(0, 2, 9), read(1, 1, 10), read(1, 1, 9), read(1, 4, 11)),
    );
    expect(verdict).toMatchObject({
      valid: false,
      failures: [9, 11],
      keys: { 9: false, 10: true, 11: false },
    });
  });

  test("distinguishes a number from a string of the same digits", () => {
    expect(valid(write(0, 1), read(0, "1"))).toBe(false);
    expect(valid(write(0, { a: [1] }), read(0, { a: [1] }))).toBe(true);
  });

  test("throws on operations that a register does not have", () => {
    expect(() => valid(whole(0, "append", [0, 1]))).toThrow("to a register");
    expect(() => valid(whole(0, "read", 7))).toThrow("Cannot find the key");
    expect(() => valid(write(0, 1, 9), write(0, 1, "9"))).toThrow("Cannot compare");
  });

  test("agrees with a search of every order", () => {
    const verdicts = new Map<boolean, number>();
    fc.assert(
      fc.property(registerHistories, (operations) => {
        const expected = isLinearizable(operations);
        verdicts.set(expected, (verdicts.get(expected) ?? 0) + 1);
        expect(checkLinearizable(operations).valid).toBe(expected);
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(verdicts.get(true) ?? 0, verdicts.get(false) ?? 0)).toBeGreaterThan(200);
  });

  test("never flags a store that is linearizable", () => {
    const shapes = fc.record({
      seed: fc.integer(),
      operations: fc.constantFrom(50, 400),
      concurrency: fc.constantFrom(3, 10, 40),
      keys: fc.constantFrom(1, 5),
      values: fc.constantFrom(2, 5),
      indefinite: fc.constantFrom(0, 0.05, 0.5),
    });
    fc.assert(
      fc.property(shapes, (shape) => {
        const { valid } = checkLinearizable(registerHistory(shape));
        // With half of the operations indefinite, a search may exceed its steps.
        if (shape.indefinite < 0.5) expect(valid).toBe(true);
        else expect(valid).not.toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  test("finds the order of a key with a hundred clients", () => {
    const shape = { operations: 1000, concurrency: 100, keys: 1, indefinite: 0.02 };
    for (const values of [20, 1000]) {
      const operations = registerHistory({ seed: 1, values, ...shape });
      expect(checkLinearizable(operations, { maxSteps: 2_000_000 }).valid).toBe(true);
    }
  });

  test("finds the order of a key with thousands of indefinite operations", () => {
    const shape = { operations: 8000, concurrency: 10, keys: 1, values: 5, indefinite: 0.5 };
    expect(checkLinearizable(registerHistory({ seed: 1, ...shape })).valid).toBe(true);
  });
});
