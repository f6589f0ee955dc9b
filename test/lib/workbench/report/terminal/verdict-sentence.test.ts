import { describe, expect, test } from "bun:test";
import { checkStats } from "../../../../../lib/workbench/checkers/every-test/stats.ts";
import { verdictSentence } from "../../../../../lib/workbench/report/terminal/verdict-sentence.ts";
import { fail, history, info, invoke, whole } from "../../../../support/histories/history.ts";

const failed = history(
  whole(0, "read", [1, null], [1, 2]),
  [invoke(0, "write", [1, 2]), fail(0)],
  [invoke(1, "cas", [1, [2, 3]]), info(1)],
);
const invalid = { valid: false, findings: [] } as const;

describe("The sentence of a valid verdict", () => {
  test("separates the thousands of the operations", () => {
    const count = (okCount: number) =>
      verdictSentence("echo", { valid: true, findings: [], stats: { valid: true, okCount } });
    expect(count(1)).toEndWith(", and 1 operation succeeded.");
    expect(count(2064)).toEndWith(", and 2,064 operations succeeded.");
  });
});

describe("The sentence of an invalid verdict", () => {
  test("names the operations that were never ok", () => {
    expect(verdictSentence("lin-kv", { ...invalid, stats: checkStats(failed) })).toBe(
      'Invalid: no "cas" and no "write" ever succeeded.',
    );
  });

  test("does not name operations that may never be ok", () => {
    const stats = checkStats(failed, { mayNeverBeOk: ["cas"] });
    expect(verdictSentence("lin-kv", { ...invalid, stats })).toBe(
      'Invalid: no "write" ever succeeded.',
    );
  });

  test("names no operation if stored results name none", () => {
    expect(verdictSentence("lin-kv", { ...invalid, stats: { valid: false } })).toBe(
      "Invalid: no operation ever succeeded.",
    );
  });

  test("lists them after what the workload's checker found", () => {
    const workload = { valid: false, failures: [1] } as const;
    expect(verdictSentence("lin-kv", { ...invalid, workload, stats: checkStats(failed) })).toBe(
      'Invalid: 1 key was not linearizable (1); no "cas" and no "write" ever succeeded.',
    );
  });
});
