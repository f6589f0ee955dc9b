import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { simulate } from "../../../lib/workbench/run/simulate.ts";
import { explore } from "../../../lib/workbench/search/explore.ts";
import { testOptionsOf } from "../../support/simulations/simulate.ts";
import { symptomsOf } from "../../support/simulations/symptoms.ts";
import type { SubtleCase, Variant } from "./case.ts";
import { SUBTLE } from "./index.ts";

describe("A program", () => {
  test.each(SUBTLE)("for $workload that $bug shows $shows", (subtle) => {
    const result = run(subtle, "broken");
    expect([...symptomsOf(result)]).toContain(subtle.shows);
    expect(result.valid).toBe(false);
    const { workload, assertions } = result;
    const explained = [...(workload?.explanation ?? []), ...(assertions?.failures ?? [])];
    expect(explained, "no explanation").not.toEqual([]);
  });

  test.each(SUBTLE)("without its bug is valid in the same test: $workload that $bug", (subtle) => {
    const { valid, faults } = run(subtle, "mended");
    expect(valid).toBe(true);
    if (subtle.options.search !== undefined) return; // Its seed may draw fewer faults.
    for (const fault of subtle.options.nemesis ?? []) expect(faults[fault]).toBeGreaterThan(0);
  });
});

test("The documentation has each subtle bug", async () => {
  const text = await Bun.file(join(import.meta.dir, "../../../docs/benchmarks.md")).text();
  const rows = SUBTLE.map(
    ({ workload, bug, shows, seed }) => `| ${workload} | ${bug} | ${shows} | ${seed} |`,
  );
  expect(rows.filter((row) => !text.includes(row))).toEqual([]);
});

function run({ workload, make, options, seed }: SubtleCase, variant: Variant) {
  const { options: drawn, parts } = explore(testOptionsOf(workload, { ...options, seed }));
  return simulate(drawn, { program: make(variant), parts });
}
