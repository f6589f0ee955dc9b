/** How long a cluster is without a leader. SEEDS=300 tries that many. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { simulationSeeds } from "../../support/seeds.ts";
import { RaftSimulation } from "./raft-simulation.ts";

setDefaultTimeout(3_600_000);

test.each([3, 5])(
  "Of %d nodes, the next leader commits within 1 s in the median, 2 s at most",
  (nodeCount) => {
    const timesMs = simulationSeeds(10).map((seed) => {
      const simulation = new RaftSimulation({ seed, nodeCount });
      simulation.load(10, 10_000);
      simulation.runFor(2000 + seed * 7);
      const { leader, committedCount, nowMs } = simulation;
      if (leader === undefined) throw new Error(`Seed ${seed} has no leader`);
      simulation.crash(leader);
      while (simulation.committedCount === committedCount) simulation.runFor(5);
      return simulation.nowMs - nowMs;
    });
    const sorted = timesMs.toSorted((one, other) => one - other);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(1000);
    expect(sorted.at(-1)).toBeLessThan(2000);
  },
);
