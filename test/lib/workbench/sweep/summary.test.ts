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

  test("groups failures by kind, the most frequent first, each with its lowest seed", () => {
    const lost = { valid: false, kind: "lost" } as const;
    const crash = { valid: false, kind: "crash" } as const;
    const outcomes = [
      outcome(9, { ...lost, reason: "lost: value 9" }),
      outcome(4, { ...crash, reason: "n0 exited (seed 4)" }),
      outcome(2, { ...crash, reason: "n1 exited (seed 2)" }),
      outcome(7, { ...crash, reason: "n1 did not reply to init" }),
      outcome(5, { ...lost, reason: "lost: value 5" }),
      outcome(3, { ...lost, reason: "lost: value 3" }),
      outcome(8, { valid: "unknown", reason: "gave up" }),
    ];
    expect(
      summarize(outcomes).failureKinds.map(({ kind, seeds, example }) => [
        ...[kind, seeds, example.seed],
      ]),
    ).toEqual([
      ["lost", [3, 5, 9], 3],
      ["crash", [2, 4], 2],
      ["crash", [7], 7],
      ["no anomaly", [8], 8],
    ]);
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
