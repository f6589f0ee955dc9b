import { describe, expect, test } from "bun:test";
import { checkStoredHistory } from "../../../../lib/workbench/run/check-history.ts";
import { fail, history, invoke, whole } from "../../../support/histories/history.ts";

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

  test("merges the three verdicts, and tells what each found", () => {
    const failed = history(invoke(0, "generate"), fail(0));
    const judged = checkStoredHistory("unique-ids", failed, { availability: "total" });
    expect(judged).toMatchObject({ valid: true, overallValid: false });
    expect(judged.explanation.map(({ anomaly }) => anomaly)).toEqual(["never-ok", "unavailable"]);
    expect(judged.stats).not.toHaveProperty("explanation");
    expect(judged.availability).not.toHaveProperty("explanation");
  });

  test("tells why a checker came to no verdict", () => {
    const mixed = history(whole(0, "generate", null, 7), whole(0, "generate", null, "a"));
    const judged = checkStoredHistory("unique-ids", mixed, {});
    expect(judged).toMatchObject({
      valid: "unknown",
      overallValid: "unknown",
      stats: { okCount: 2 },
    });
    expect(judged.threw).toContain("Cannot compare");
    expect(judged).not.toHaveProperty("range");
  });

  test("takes no other verdict for a whole one where a checker met what cannot be", () => {
    const neverAppended = history(
      whole(0, "txn", [["r", 1, null]], [["r", 1, [5]]]),
      invoke(1, "txn", [["append", 1, 6]]),
    );
    const judged = checkStoredHistory("txn-list-append", neverAppended, { availability: "total" });
    // Availability alone would be invalid, and invalid beats unknown.
    expect(judged.availability).toMatchObject({ valid: false });
    expect(judged).toMatchObject({ valid: "unknown", overallValid: "unknown", fatal: true });
  });

  test("knows no other workloads", () => {
    expect(() => checkStoredHistory("toString", [], {})).toThrow('There is no workload "toString"');
  });
});
