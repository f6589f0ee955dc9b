/** The consensus core under faults. SEEDS=1000 tries that many of each kind. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { simulationSeeds } from "../../support/seeds.ts";
import { type Counts, RaftSimulation } from "./raft-simulation.ts";

setDefaultTimeout(3_600_000);

describe.each([1, 3, 5])("%d cores", (nodeCount) => {
  test.each([true, false])(
    "keep the safety properties under all faults, with lease %p",
    (hasLease) => {
      const total: Record<string, number> = {};
      for (const seed of simulationSeeds(3)) {
        const simulation = new RaftSimulation({
          seed,
          nodeCount,
          faultEveryMs: 700,
          timing: { hasLease },
        });
        simulation.load(20, 20_000);
        simulation.runWithFaults(15_000);
        // Nodes that restart all at once wait for an election timeout first.
        simulation.runFor(2_500);
        const before = simulation.committedCount;
        simulation.runFor(200);
        expect(`seed ${seed}: ${simulation.committedCount > before}`).toBe(`seed ${seed}: true`);
        for (const name of Object.keys(simulation.counts) as (keyof Counts)[]) {
          total[name] = (total[name] ?? 0) + simulation.counts[name];
        }
      }
      // A single node has no peer to be cut off from, and keeps its disk: no peer could restore its log.
      const happened = Object.entries(total).filter(([, count]) => count > 0);
      if (nodeCount > 1) expect(happened).toEqual(Object.entries(total));
    },
  );
});

test("A snapshot of many chunks takes a few messages per chunk, though each message arrives twice", () => {
  const chunkCount = 20;
  const simulation = new RaftSimulation({ seed: 1, nodeCount: 3 });
  simulation.snapshotPadding = chunkCount * 2 ** 16;
  simulation.load(20, 20_000);
  simulation.runFor(1000);
  const { leader } = simulation;
  const away = simulation.nodes.find((node) => node !== leader);
  if (leader === undefined || away === undefined) throw new Error("There is no leader");
  simulation.cutOff(away.id);
  simulation.runFor(10_000);
  simulation.heal();
  simulation.duplicateProbability = 1;
  const before = simulation.messageCount;
  const untilMs = simulation.nowMs + 3000;
  while (simulation.counts.installedSnapshots === 0 && simulation.nowMs < untilMs) {
    simulation.runFor(10);
  }
  expect(simulation.counts.installedSnapshots).toBe(1);
  expect(simulation.messageCount - before).toBeLessThan(10 * chunkCount);
});

test("A conflict of long logs takes a few messages, though each arrives twice", () => {
  const simulation = new RaftSimulation({ seed: 1, nodeCount: 3 });
  simulation.runFor(1000);
  const { leader: deposed } = simulation;
  if (deposed === undefined) throw new Error("There is no leader");
  simulation.cutOff(deposed.id);
  for (let count = 0; count < 30; count++) simulation.propose();
  simulation.runFor(3000);
  for (let count = 0; count < 30; count++) simulation.propose();
  simulation.runFor(500);
  // A new leader begins with its last entry.
  simulation.crash(simulation.leader ?? deposed);
  for (const node of simulation.nodes) simulation.restart(node);
  simulation.runFor(2000);
  simulation.heal();
  simulation.duplicateProbability = 1;
  const maxCount = simulation.messageCount + 50;
  const untilMs = simulation.nowMs + 1000;
  while (simulation.messageCount < maxCount && simulation.nowMs < untilMs) simulation.runFor(1);
  expect(simulation.messageCount).toBeLessThan(maxCount);
  expect(simulation.counts).toMatchObject({ elections: 3, truncations: 1 });
  expect(deposed.appliedIndex).toBe(simulation.committedCount);
});

test("Duplicates are not answered by ever more messages, whatever the followers lack", () => {
  // In seeds 14, 30 and 33, rejections of one probe would each cause another: 19,000 messages in 50 ms.
  for (const seed of [14, 30, 33, ...simulationSeeds(3)]) {
    const simulation = new RaftSimulation({ seed, nodeCount: 5, faultEveryMs: 700 });
    simulation.load(20, 6000);
    let most = 0;
    const count = () => {
      simulation.duplicateProbability = 0.6;
      const before = simulation.messageCount;
      simulation.after(50, () => {
        most = Math.max(most, simulation.messageCount - before);
        count();
      });
    };
    count();
    simulation.runWithFaults(6000);
    expect(`seed ${seed}: ${most < 300}`).toBe(`seed ${seed}: true`);
  }
});
