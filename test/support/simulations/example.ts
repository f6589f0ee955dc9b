/** Tests of the examples of workloads: each accepts its right program and catches its wrong one. */
import { describe, expect, test } from "bun:test";
import type { Fault, SimulationOptions } from "../../../lib/simulation/api.ts";
import { simulate } from "../../../lib/simulation/index.ts";
import type { KVNode } from "../../../lib/vortex/index.ts";
import { simulationSeeds } from "../seeds.ts";

export interface Example {
  readonly name: string;
  /** A program that the workload must accept. */
  readonly right: (node: KVNode) => void;
  /** Faults that it survives. */
  readonly survives: readonly Fault[];
  /** A program that the workload must catch. */
  readonly wrong: (node: KVNode) => void;
  /** Seeds that catch it. */
  readonly seeds: readonly number[];
  /** The anomaly that they find. */
  readonly anomaly: string;
  /** The options that both programs run with, and those of the wrong one alone. */
  readonly options: SimulationOptions;
  readonly wrongOptions?: Partial<SimulationOptions>;
}

export function testExample(example: Example): void {
  const { name, right, survives, wrong, seeds, anomaly, options, wrongOptions } = example;

  describe(`The example of ${name}`, () => {
    test.each(simulationSeeds(2))("accepts the right program under faults: seed %i", (seed) => {
      const result = simulate(right, { ...options, nemesis: survives, seed });
      expect(result.problems).toEqual([]);
      for (const fault of survives) expect(result.faults[fault]).toBeGreaterThan(0);
    });

    test.each(seeds)("catches the wrong program, as its page says: seed %i", (seed) => {
      const result = simulate(wrong, { ...options, timeLimitS: 20, ...wrongOptions, seed });
      expect(result.findings.map((finding) => finding.anomaly)).toContain(anomaly);
    });
  });
}
