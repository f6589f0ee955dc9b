import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../../lib/workbench/sweep/outcome.ts";
import { summarize } from "../../../../lib/workbench/sweep/summary.ts";

const outcome = (seed: number, more: Partial<Outcome> = {}): Outcome => ({
  seed,
  valid: true,
  faults: {},
  ...more,
});

describe("summarize", () => {
  test("counts verdicts, and lists runs that were not valid by seed", () => {
    const outcomes = [
      outcome(3, { valid: false, reason: "lost: 7" }),
      outcome(1),
      outcome(2, { valid: "unknown" }),
    ];
    expect(summarize(outcomes)).toMatchObject({
      count: 3,
      validCount: 1,
      invalidCount: 1,
      unknownCount: 1,
      failures: [{ seed: 2 }, { seed: 3, reason: "lost: 7" }],
    });
  });

  test("describes the distribution of figures over the runs that have them", () => {
    const outcomes = [5, 1, 3, 2, 4].map((msgsPerOp, seed) => outcome(seed, { msgsPerOp }));
    expect(summarize([...outcomes, outcome(9)]).figures).toEqual({
      msgsPerOp: { min: 1, median: 3, p95: 5, max: 5 },
    });
  });

  test("counts runs with invalid lines, and returns the one with the lowest seed", () => {
    const bad = outcome(2, { badLine: "n0: not JSON" });
    const outcomes = [outcome(1), outcome(3, { badLine: "n1: not JSON" }), bad];
    expect(summarize(outcomes).badLines).toEqual({ runCount: 2, first: bad });
    expect(summarize([outcome(1)]).badLines).toEqual({ runCount: 0 });
  });

  test("counts how often each fault took effect", () => {
    const outcomes = [
      outcome(1, { faults: { partition: 10, kill: 0 } }),
      outcome(2, { faults: { partition: 0, kill: 0 } }),
      outcome(3, { faults: { partition: 5, kill: 2 } }),
    ];
    expect(summarize(outcomes).faults).toEqual({
      partition: { runCount: 2, effectCount: 15 },
      kill: { runCount: 1, effectCount: 2 },
    });
  });
});
