/**
 * Orders of events for bugs of Raft that take several rare faults in one order, which random ones have
 * not shown.
 */
import { RaftSimulation, type SimulationOptions } from "../lib/raft/raft-simulation.ts";
import type { RaftModule } from "../support/mutated-raft.ts";

type SimulatedNode = RaftSimulation["nodes"][number];

/** A script of a simulation, which throws when a property is violated. */
export type Schedule = (raft: RaftModule, seed: number) => RaftSimulation;

function simulationOf(
  { Raft }: RaftModule,
  options: Omit<SimulationOptions, "Core">,
): RaftSimulation {
  return new RaftSimulation({ ...options, Core: Raft });
}

/** Cuts all links between the groups, and no others. */
function separate(simulation: RaftSimulation, ...groups: readonly (readonly SimulatedNode[])[]) {
  simulation.heal();
  for (const group of groups) {
    for (const other of groups) {
      if (other === group) continue;
      for (const { id } of group) for (const peer of other) simulation.cut(id, peer.id);
    }
  }
}

/** Runs until something has happened, for 5 s at most. Returns whether it has. */
function runUntil(simulation: RaftSimulation, hasHappened: () => boolean): boolean {
  for (let steps = 0; steps < 50_000 && !hasHappened(); steps++) simulation.runFor(0.1);
  return hasHappened();
}

/** Runs until one of some nodes leads, and returns it. */
function leaderOf(
  simulation: RaftSimulation,
  nodes: readonly SimulatedNode[],
): SimulatedNode | undefined {
  const leading = () => nodes.find(({ isUp, raft }) => isUp && raft.isLeader);
  runUntil(simulation, () => leading() !== undefined);
  return leading();
}

/** Figure 3.7 of the thesis, figure 8 of the paper. */
export const figure8: Schedule = (raft, seed) => {
  const simulation = simulationOf(raft, { nodeCount: 5, seed });
  const { nodes } = simulation;
  // (a) The leader has an entry that reaches one other node.
  const first = leaderOf(simulation, nodes);
  if (first === undefined) return simulation;
  simulation.runFor(1000);
  const [mate, ...others] = nodes.filter((node) => node !== first);
  if (mate === undefined) return simulation;
  separate(simulation, [first, mate], others);
  simulation.propose();
  simulation.runFor(300);
  // (b) It crashes. A node without that entry is elected, and has another one at its index.
  simulation.crash(first);
  const second = leaderOf(simulation, others);
  if (second === undefined) return simulation;
  const voters = others.filter((node) => node !== second);
  separate(simulation, [first, mate], voters, [second]);
  simulation.propose();
  simulation.runFor(50);
  // (c) The first entry gets onto a majority, in a later term.
  simulation.restart(first);
  separate(simulation, [first, mate, ...voters], [second]);
  const { committedCount } = simulation;
  const third = leaderOf(simulation, [first, mate]);
  runUntil(simulation, () => simulation.committedCount > committedCount);
  // (d) That leader is gone, and the voters can only elect the node with the entry of the later term.
  if (third === undefined) return simulation;
  separate(simulation, [first, mate], [second, ...voters]);
  leaderOf(simulation, [second]);
  return simulation;
};

/**
 * A candidate is cut off from the leader alone, while the node that could vote for it restarts again and
 * again.
 */
export const votesAfterRestart: Schedule = (raft, seed) => {
  const simulation = simulationOf(raft, { nodeCount: 3, seed });
  const leader = leaderOf(simulation, simulation.nodes);
  const [voter, candidate] = simulation.nodes.filter((node) => node !== leader);
  if (leader === undefined || voter === undefined || candidate === undefined) return simulation;
  simulation.runFor(1000);
  separate(simulation, [leader], [candidate]);
  for (let count = 0; count < 60; count++) {
    simulation.crash(voter);
    simulation.restart(voter);
    // The old leader must not notice, nor have entries that a read would wait for.
    if (candidate.raft.isLeader) separate(simulation, [leader], [voter, candidate]);
    for (let reads = 0; reads < 10; reads++) {
      simulation.runFor(5);
      simulation.read();
    }
  }
  return simulation;
};

/** A voter crashes before its vote is synced, as soon as it has made a leader. */
export const crashAfterVote: Schedule = (raft, seed) => {
  const simulation = simulationOf(raft, { nodeCount: 3, seed });
  const leader = leaderOf(simulation, simulation.nodes);
  const [voter, candidate] = simulation.nodes.filter((node) => node !== leader);
  if (leader === undefined || voter === undefined || candidate === undefined) return simulation;
  simulation.runFor(1000);
  simulation.crash(leader);
  simulation.syncMs = 400;
  const first = leaderOf(simulation, [voter, candidate]);
  const second = first === voter ? candidate : voter;
  if (first === undefined) return simulation;
  separate(simulation, [first], [second, leader]);
  simulation.crash(second);
  simulation.restart(second);
  simulation.restart(leader);
  leaderOf(simulation, [second, leader]);
  return simulation;
};
