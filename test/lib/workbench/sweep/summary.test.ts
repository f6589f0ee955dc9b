import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../../lib/workbench/sweep/outcome.ts";
import { isDoubtful, summarize } from "../../../../lib/workbench/sweep/summary.ts";

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

  test("groups failed assertions by name", () => {
    const failed = { valid: false, kind: "failed-assertion", faults: {} } as const;
    const outcomes = [
      outcome(1, { ...failed, failedAssertion: "a", reason: "on n1" }),
      outcome(2, { ...failed, failedAssertion: "b", reason: "on n1" }),
      outcome(3, { ...failed, failedAssertion: "a", reason: "on n2" }),
    ];
    const kinds = summarize(outcomes).failureKinds;
    expect(kinds.map(({ assertion, seeds }) => [assertion, seeds])).toEqual([
      ["a", [1, 3]],
      ["b", [2]],
    ]);
  });

  test("counts the runs that reached each situation, those that none reached last", () => {
    const reaching = (once: number, often: number) => ({
      sometimes: [
        { name: "never", count: 0 },
        { name: "once", count: once },
        { name: "often", count: often },
      ],
      always: [{ name: "__proto__", count: 3 }],
    });
    const outcomes = [
      outcome(1, { coverage: reaching(0, 7) }),
      outcome(2, { coverage: reaching(1, 5) }),
      outcome(3, { valid: false, kind: "crash" }),
    ];
    const summary = summarize(outcomes);
    expect(summary.coverage).toEqual({
      sometimes: [
        { name: "often", runCount: 2, count: 12 },
        { name: "once", runCount: 1, count: 1 },
        { name: "never", runCount: 0, count: 0 },
      ],
      always: [{ name: "__proto__", runCount: 2, count: 6 }],
    });
    expect(isDoubtful(summary)).toBe(true);
    expect(isDoubtful(summarize(outcomes.slice(2)))).toBe(false);
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
