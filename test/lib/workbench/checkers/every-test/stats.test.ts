import { describe, expect, test } from "bun:test";
import { checkStats } from "../../../../../lib/workbench/checkers/every-test/stats.ts";
import { fail, history, info, invoke, whole } from "../../../../support/histories/history.ts";

describe("checkStats", () => {
  test("counts completions of clients by type, in total and for each f", () => {
    const verdict = checkStats(
      history(
        whole(0, "read", null, 1),
        whole(0, "write", 2),
        [invoke(0, "write", 3), fail(0), invoke(0, "write", 4), info(0)],
        invoke(1, "read"),
      ),
    );
    expect(verdict).toMatchObject({
      valid: true,
      count: 4,
      okCount: 2,
      failCount: 1,
      infoCount: 1,
      byF: {
        read: { valid: true, count: 1, okCount: 1, failCount: 0, infoCount: 0 },
        write: { valid: true, count: 3, okCount: 1, failCount: 1, infoCount: 1 },
      },
    });
  });

  test("is valid without operations", () => {
    expect(checkStats([])).toMatchObject({ valid: true, count: 0, byF: {} });
  });

  test("is invalid if an f was never ok, and names it", () => {
    const verdict = checkStats(
      history(whole(0, "read", null, 1), invoke(0, "cas", [1, 2]), fail(0)),
    );
    expect(verdict.valid).toBe(false);
    expect(verdict.byF["cas"]?.valid).toBe(false);
    expect(verdict.explanation?.map(({ sentence }) => sentence)).toEqual([
      "none of 1 cas operation was ok: 1 had no effect (fail)",
    ]);
  });

  test("ignores an f that was invoked and never completed", () => {
    expect(checkStats(history(invoke(0, "read")))).toMatchObject({ valid: true, byF: {} });
  });

  test("accepts that operations are never ok which the options name, and no others", () => {
    const crashed = history(whole(0, "poll", null), invoke(0, "crash"), info(0));
    const verdict = checkStats(crashed, { mayNeverBeOk: ["crash"] });
    expect(verdict.valid).toBe(true);
    expect(verdict.byF["crash"]?.valid).toBe(false);
    expect(verdict.neverOk).toBeUndefined();
    for (const mayNeverBeOk of [false, [], ["poll"]]) {
      expect(checkStats(crashed, { mayNeverBeOk })).toMatchObject({
        valid: false,
        neverOk: ["crash"],
      });
    }
  });

  test("accepts that nothing is ever ok if the options do", () => {
    const failed = history(whole(0, "read", null, 1), invoke(0, "cas", [1, 2]), fail(0));
    expect(checkStats(failed, { mayNeverBeOk: true })).toMatchObject({
      valid: true,
      explanation: [],
    });
  });

  test("ignores the nemesis", () => {
    const partition = { type: "info", process: "nemesis", f: "start-partition" } as const;
    expect(checkStats(history(partition, partition))).toMatchObject({ valid: true, count: 0 });
  });
});
