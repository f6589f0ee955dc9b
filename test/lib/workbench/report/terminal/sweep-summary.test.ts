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

test("describeSummary ends with what the runs reached of the program's assertions", () => {
  const covering = (seed: number, lost: number): Outcome => {
    const sometimes = [
      { name: "a race was lost", count: lost },
      { name: "\u001b[2Ja leader changed", count: 0 },
    ];
    const always = [
      { name: "terms grow", count: 0 },
      { name: "logs match", count: 2 },
    ];
    return { seed, valid: true, faults: {}, coverage: { sometimes, always } };
  };
  const lines = describeSummary(summarize([covering(1, 3), covering(2, 0)])).split("\n");
  expect(lines).toEqual([
    "┌─────────────────────────┬────────┬───────┐",
    "│ sometimes               │   runs │ times │",
    "├─────────────────────────┼────────┼───────┤",
    "│ a race was lost         │ 1 of 2 │     3 │",
    "│ \\x1b[2Ja leader changed │ 0 of 2 │     0 │",
    "└─────────────────────────┴────────┴───────┘",
    "1 of 2 situations never reached",
    '1 of 2 assertions with node.always never evaluated: "terms grow"',
    "2 seeds: 2 valid, 0 invalid, 0 unknown",
  ]);
});
