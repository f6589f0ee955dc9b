import { describe, expect, test } from "bun:test";
import { forgetful, members } from "../../docs/examples/membership/members.ts";
import { membership } from "../../docs/examples/membership/membership.ts";
import { simulate } from "../../lib/simulation/index.ts";
import { simulationSeeds } from "../support/seeds.ts";

const OPTIONS = { workload: "g-set", nodeCount: 3, rate: 10, timeLimitS: 30 } as const;
const MEMBERSHIP = { ...membership, name: "membership" };
const SEEDS = simulationSeeds(5);

describe("The example of membership", () => {
  test.each(SEEDS)(
    "accepts the program whose nodes catch up, under other faults too: seed %i",
    (seed) => {
      const nemesis = ["partition", "loss", MEMBERSHIP] as const;
      const result = simulate(members, { ...OPTIONS, nemesis, nemesisIntervalS: 3, seed });
      expect(result.problems).toEqual([]);
      expect(result.faults["membership"]).toBeGreaterThan(0);
    },
  );

  test.each(SEEDS)("finds what the forgetful program loses: seed %i", (seed) => {
    const result = simulate(forgetful, { ...OPTIONS, nemesis: [MEMBERSHIP], seed });
    expect(result.valid).toBe(false);
    expect(result.findings[0]?.anomaly).toBe("lost");
  });

  test.each(SEEDS)("needs its nemesis to find it: seed %i", (seed) => {
    const result = simulate(forgetful, { ...OPTIONS, nemesis: [], seed });
    expect(result.problems).toEqual([]);
  });
});
