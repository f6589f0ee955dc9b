import { describe, expect, test } from "bun:test";
import {
  type Checker,
  FatalCheckError,
  type Validity,
} from "../../../../lib/workbench/checkers/checker.ts";
import { compose } from "../../../../lib/workbench/checkers/compose.ts";

const says =
  (valid: Validity): Checker =>
  () => ({ valid });
const throws =
  (error: Error): Checker =>
  () => {
    throw error;
  };

describe("compose", () => {
  test.each<[Validity[], Validity]>([
    [[], true],
    [[true, true], true],
    [[true, "unknown"], "unknown"],
    [["unknown", false], false],
    [[false, true], false],
  ])("merges %p to %p", (verdicts, merged) => {
    const parts = Object.fromEntries(verdicts.map((valid, part) => [`part ${part}`, says(valid)]));
    expect(compose(parts)([], {}).valid).toBe(merged);
  });

  test("gives each part's verdict under its name", () => {
    const check = compose({ stats: () => ({ valid: true, count: 3 }), workload: says(false) });
    expect(check([], {})).toEqual({
      valid: false,
      stats: { valid: true, count: 3 },
      workload: { valid: false },
    });
  });

  test("passes history and options to each part", () => {
    const check = compose({ echo: (history, options) => ({ valid: true, history, options }) });
    const [history, options] = [[], { availability: 0.5 }];
    expect(check(history, options)).toEqual({
      valid: true,
      echo: { valid: true, history, options },
    });
  });

  test("gives a part that throws the verdict unknown, and keeps the others", () => {
    const check = compose({ stats: says(false), workload: throws(new Error("no order")) });
    expect(check([], {})).toEqual({
      ...{
        valid: false,
        stats: { valid: false },
        workload: { valid: "unknown", error: "no order" },
      },
    });
  });

  test.each<[unknown, string]>([
    [undefined, "The checker's verdict is malformed: The value is missing"],
    [{}, 'The checker\'s verdict is malformed: "valid" is missing'],
    [
      Promise.resolve({ valid: true }),
      "The checker returned a promise. It must return the verdict itself",
    ],
    [
      { valid: false, explanation: "lost" },
      'The checker\'s verdict is malformed: "explanation" must be an array, but is "lost"',
    ],
    [
      { valid: false, explanation: [{ anomaly: "lost", sentence: "1" }] },
      'The checker\'s verdict is malformed: "explanation.0.operations" is missing',
    ],
  ])("gives a part that returns %p the verdict unknown", (verdict, error) => {
    // Forced: a user's file may return anything.
    const check = compose({ workload: (() => verdict) as unknown as Checker });
    expect(check([], {})).toEqual({ valid: "unknown", workload: { valid: "unknown", error } });
  });

  test("is unknown as a whole if a part throws a FatalCheckError", () => {
    const check = compose({ stats: says(false), workload: throws(new FatalCheckError("broken")) });
    expect(check([], {})).toEqual({ valid: "unknown", error: "broken" });
  });
});
