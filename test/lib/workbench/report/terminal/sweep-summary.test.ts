import { expect, test } from "bun:test";
import { describeSummary } from "../../../../../lib/workbench/report/terminal/sweep-summary.ts";
import type { Outcome } from "../../../../../lib/workbench/sweep/outcome.ts";
import { summarize } from "../../../../../lib/workbench/sweep/summary.ts";

test("describeSummary prints one example of each kind of failure, with its count and command", () => {
  const outcomes = Array.from({ length: 30 }, (_, index): Outcome => {
    const seed = index + 1;
    if (seed > 15) return { seed, valid: true, faults: {} };
    const reason = `lost: value ${seed} was missing`;
    const command = `vortex sim x.ts -w g-set --seed ${seed}`;
    return { seed, valid: false, kind: "lost", reason, command, faults: {} };
  });
  const crash: Outcome = { seed: 31, valid: false, kind: "crash", reason: "n0 exited", faults: {} };
  expect(describeSummary(summarize([...outcomes, crash])).split("\n")).toEqual([
    "lost: 15 of 31 seeds invalid (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, and 3 more)",
    "  seed 1: value 1 was missing",
    "  vortex sim x.ts -w g-set --seed 1",
    "crash: 1 of 31 seeds invalid (31)",
    "  seed 31: n0 exited",
    "  --seed 31",
    "31 seeds: 15 valid, 16 invalid, 0 unknown",
  ]);
});
