import { describe, expect, test } from "bun:test";
import { checkStoredHistory } from "../../../../lib/workbench/run/check-history.ts";
import { defineWorkload, rpc } from "../../../../lib/workbench/workloads/definition.ts";
import { fail, history, info, invoke, whole } from "../../../support/histories/history.ts";

describe("checkStoredHistory", () => {
  test("puts the checker's fields beside stats and availability", () => {
    expect(
      checkStoredHistory("unique-ids", history(whole(0, "generate", null, 7)), {}),
    ).toMatchObject({
      valid: true,
      overallValid: true,
      acknowledgedCount: 1,
      range: [7, 7],
      stats: { okCount: 1, valid: true },
      availability: { okFraction: 1, valid: true },
      explanation: [],
    });
  });

  test("merges the three verdicts and their findings", () => {
    const failed = history(invoke(0, "generate"), fail(0));
    const checked = checkStoredHistory("unique-ids", failed, { availability: "total" });
    expect(checked).toMatchObject({ valid: true, overallValid: false });
    expect(checked.explanation.map(({ anomaly }) => anomaly)).toEqual(["never-ok", "unavailable"]);
    expect(checked.stats).not.toHaveProperty("explanation");
    expect(checked.availability).not.toHaveProperty("explanation");
  });

  test("reports why a checker reached no verdict", () => {
    const mixed = history(whole(0, "generate", null, 7), whole(0, "generate", null, "a"));
    const checked = checkStoredHistory("unique-ids", mixed, {});
    expect(checked).toMatchObject({
      valid: "unknown",
      overallValid: "unknown",
      stats: { okCount: 2 },
    });
    expect(checked.threw).toContain("Cannot compare");
    expect(checked).not.toHaveProperty("range");
  });

  test("is unknown in spite of other verdicts after a fatal checker error", () => {
    const neverAppended = history(
      whole(0, "txn", [["r", 1, null]], [["r", 1, [5]]]),
      invoke(1, "txn", [["append", 1, 6]]),
    );
    const checked = checkStoredHistory("txn-list-append", neverAppended, { availability: "total" });
    // Availability alone would be invalid, and invalid beats unknown.
    expect(checked.availability).toMatchObject({ valid: false });
    expect(checked).toMatchObject({ valid: "unknown", overallValid: "unknown", fatal: true });
  });

  test("accepts that operations are never ok which the workload names", () => {
    const lost = history(whole(0, "poll", null), invoke(0, "crash"), info(0));
    expect(checkStoredHistory("kafka", lost, {}).stats["valid"]).toBe(true);
    // The names that one workload exempts mean nothing to others.
    const workload = (mayNeverBeOk: readonly ("crash" | "poll")[]) =>
      defineWorkload({
        operations: { crash: rpc({}), poll: rpc({}) },
        mayNeverBeOk,
        generators: () => ({ main: () => ({ f: "poll" }) }),
        check: () => ({ valid: true }),
      });
    expect(checkStoredHistory(workload(["crash"]), lost, {}).overallValid).toBe(true);
    expect(checkStoredHistory(workload([]), lost, {})).toMatchObject({
      overallValid: false,
      stats: { neverOk: ["crash"] },
    });
  });

  test("refuses an unknown workload", () => {
    expect(() => checkStoredHistory("toString", [], {})).toThrow('Unknown workload "toString"');
  });
});
