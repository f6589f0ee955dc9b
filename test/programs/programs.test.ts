import { describe, expect, test } from "bun:test";
import { simulationSeeds } from "../support/seeds.ts";
import { runSimulated } from "../support/simulations/simulate.ts";
import { sentencesOf, symptomsOf } from "../support/simulations/symptoms.ts";
import { PROGRAMS } from "./index.ts";

const SEEDS = simulationSeeds(10);

describe("The workbench accepts", () => {
  test.each(PROGRAMS)(
    "$name, under every tolerated fault",
    ({ workload, program, options }) => {
      const effects = new Map<string, number>(options.nemesis?.map((fault) => [fault, 0]));
      for (const seed of SEEDS) {
        const { result } = runSimulated(workload, program, {
          ...options,
          livenessLimitS: 10,
          seed,
        });
        if (result.valid !== true) {
          const findings = [...symptomsOf(result), ...sentencesOf(result)].join("\n");
          throw new Error(`${workload} is invalid with seed ${seed}:\n${findings}`);
        }
        for (const [fault, count] of effects) {
          effects.set(fault, count + (result.faults[fault] ?? 0));
        }
      }
      for (const [fault, count] of effects) {
        expect(count, `${fault} never took effect`).toBeGreaterThan(0);
      }
    },
    // A seed takes a fraction of a second; `SEEDS` may set thousands.
    SEEDS.length * 10_000,
  );
});
