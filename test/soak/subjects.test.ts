import { describe, expect, test } from "bun:test";
import type { Fault } from "../../lib/workbench/nemesis/faults.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import type { WorkloadName } from "../../lib/workbench/workloads/index.ts";
import { simulationSeeds } from "../support/seeds.ts";
import { challenge } from "../support/simulations/challenges.ts";
import { runSimulated, testOptionsOf } from "../support/simulations/simulate.ts";
import { SUBJECTS } from "./subjects.ts";
import { atRate, inCycles, SOAK_FAULTS } from "./timing.ts";

const cases = Object.entries(SUBJECTS).flatMap(([name, subject]) =>
  simulationSeeds(1).map((seed) => [name, seed, subject] as const),
);

describe("A soak in virtual time", () => {
  test.each(cases)("of %s is valid under all its faults, seed %d", (name, seed, subject) => {
    // Cast: subjects are named after workloads.
    const workload = name as WorkloadName;
    const options = {
      nodeCount: 5,
      concurrency: 20,
      timeLimitS: 30,
      ...subject.options,
      nemesis: SOAK_FAULTS as readonly Fault[],
      rate: Number.POSITIVE_INFINITY,
      seed,
    };
    const whole = { ...testOptionsOf(workload, options), random: randomStream(seed, "workload") };
    const made = subject.makeWorkload(whole);
    const { result } = runSimulated(workload, challenge(name), options, {
      args: subject.args,
      parts: {
        workload: { ...made, generator: atRate(100, made.generator) },
        faults: { targets: { kill: ["n0", "n1", "n2"] }, timing: inCycles(10) },
      },
    });
    expect(result.workload?.explanation ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    expect(result.faults.kill ?? 0).toBeGreaterThan(0);
  });
});
