import { describe, expect, test } from "bun:test";
import type { TestResult } from "../../lib/workbench/run/results.ts";
import { runSimulated } from "../support/simulations/simulate.ts";
import { symptomsOf } from "../support/simulations/symptoms.ts";
import type { BrokenCase } from "./case.ts";
import { BROKEN } from "./index.ts";

describe("The workbench detects", () => {
  test.each(BROKEN)("a program for $workload that $bug: $shows", (broken) => {
    const { seed, ...result } = firstDetection(broken);
    expect(result.valid).not.toBe(true);
    if (result.workload?.valid === false) {
      expect(result.workload.explanation, "no explanation").not.toEqual([]);
    }
    const { nemesis = [] } = broken.options;
    for (const fault of nemesis) {
      expect(result.faults[fault], `${fault} never took effect`).toBeGreaterThan(0);
    }
    if (nemesis.length > 0) expect(withoutFaults(broken, seed)).not.toContain(broken.shows);
  });
});

/** The result of the first seed that shows the anomaly. */
function firstDetection({
  workload,
  program,
  options,
  shows,
  withinSeeds,
}: BrokenCase): TestResult {
  const seen: string[] = [];
  for (let seed = 1; seed <= withinSeeds; seed++) {
    const { result } = runSimulated(workload, program, { ...options, seed });
    const symptoms = symptomsOf(result);
    if (symptoms.has(shows)) return result;
    seen.push(`seed ${seed}: valid ${result.valid}, ${[...symptoms].join(", ") || "no symptom"}`);
  }
  throw new Error(`${workload}: no "${shows}" within ${withinSeeds} seeds\n${seen.join("\n")}`);
}

/** The symptoms of a program in the same test without faults. */
function withoutFaults({ workload, program, options }: BrokenCase, seed: number): string[] {
  const { result } = runSimulated(workload, program, { ...options, seed, nemesis: [] });
  return [...symptomsOf(result)];
}
