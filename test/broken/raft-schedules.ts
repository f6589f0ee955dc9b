/**
 * Orders of events for bugs of Raft that take several rare faults in one order, which random ones have
 * not shown.
 */
import type { RaftMessage } from "../../lib/raft/messages.ts";
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

/**
 * Two nodes stand for election in the same term. A voter restarts when it has made one of them leader,
 * which is cut off, and the other one asks it again.
 */
export const twoCandidates: Schedule = (raft, seed) => {
  const timing = { heartbeatMs: 100, electionMinMs: 200, electionMaxMs: 1000 };
  const simulation = simulationOf(raft, { nodeCount: 3, seed, timing });
  const voter = leaderOf(simulation, simulation.nodes);
  const [first, second] = simulation.nodes.filter((node) => node !== voter);
  if (voter === undefined || first === undefined || second === undefined) return simulation;
  simulation.runFor(1000);
  // Neither candidate sees the other, and the voter sees no vote request until both are candidates.
  separate(simulation, [first], [second]);
  simulation.isHeld = ({ to, body }) =>
    to === voter.id && (body.type === "append_entries_reply" || isVoteRequest(body));
  const isCandidate = ({ id, raft: { currentTerm, state } }: SimulatedNode) =>
    currentTerm > voter.raft.currentTerm && state.hardState.votedFor === id;
  if (!runUntil(simulation, () => isCandidate(first) && isCandidate(second))) return simulation;
  simulation.release(({ from }) => from === first.id);
  if (!runUntil(simulation, () => first.raft.isLeader)) return simulation;
  separate(simulation, [first], [second, voter]);
  simulation.crash(voter);
  simulation.restart(voter);
  simulation.isHeld = () => false;
  runUntil(simulation, () => second.raft.isLeader);
  return simulation;
};

function isVoteRequest(body: RaftMessage): boolean {
  return body.type === "request_vote" && !body.isPreVote;
}

/** A snapshot arrives after the entries that it covers, and after more that their receiver acknowledged. */
export const lateSnapshot: Schedule = (raft, seed) => {
  const simulation = simulationOf(raft, { nodeCount: 5, seed });
  const leader = leaderOf(simulation, simulation.nodes);
  const [slow, mate, ...others] = simulation.nodes.filter((node) => node !== leader);
  if (leader === undefined || slow === undefined || mate === undefined) return simulation;
  simulation.runFor(1000);
  // All have many entries, but those for one follower are on their way, and so are all acknowledgements.
  simulation.isHeld = ({ from, to, body }) =>
    (from === leader.id && to === slow.id) || body.type === "append_entries_reply";
  for (let count = 0; count < 150; count++) {
    for (const { id } of [slow, mate, ...others]) simulation.propose(id);
  }
  simulation.runFor(10);
  // A few more are for that follower and one other.
  for (const { id } of others) simulation.cut(leader.id, id);
  for (let count = 0; count < 5; count++) simulation.propose(slow.id);
  simulation.runFor(10);
  const { lastIndex } = leader.raft.state.log;
  // The leader commits the first ones without the slow follower, and sends it a snapshot of them.
  simulation.isHeld = ({ from, to }) => from === leader.id && to === slow.id;
  simulation.release(({ body }) => body.type === "append_entries_reply");
  const isSnapshot = (body: RaftMessage) => body.type === "install_snapshot";
  if (!runUntil(simulation, () => simulation.held.some(({ body }) => isSnapshot(body)))) {
    return simulation;
  }
  const { snapshotIndex } = leader.raft.state.log;
  for (const message of simulation.held) {
    const { body } = message;
    if (body.type !== "append_entries" || body.leaderCommit >= snapshotIndex) continue;
    simulation.release((held) => held === message);
    simulation.runFor(3);
  }
  // With its acknowledgement, the leader commits the others.
  if (!runUntil(simulation, () => simulation.committedCount >= lastIndex)) return simulation;
  simulation.release(({ body }) => isSnapshot(body));
  simulation.runFor(10);
  separate(simulation, [leader, mate], [slow, ...others]);
  leaderOf(simulation, [slow, ...others]);
  return simulation;
};

/** Acknowledgements arrive when their sender has lost its disk, and has been admitted again. */
export const lateAcknowledgement: Schedule = (raft, seed) => {
  const simulation = simulationOf(raft, { nodeCount: 3, seed });
  const leader = leaderOf(simulation, simulation.nodes);
  const [follower] = simulation.nodes.filter((node) => node !== leader);
  if (leader === undefined || follower === undefined) return simulation;
  simulation.runFor(1000);
  simulation.isHeld = ({ from, body }) =>
    from === follower.id && body.type === "append_entries_reply";
  for (let count = 0; count < 10; count++) simulation.propose(follower.id);
  simulation.runFor(20);
  simulation.crash(follower, { loseDisk: true });
  simulation.restart(follower);
  runUntil(simulation, () => leader.raft.state.log.admissionOf(follower.id) !== undefined);
  simulation.isHeld = () => false;
  simulation.release();
  return simulation;
};

/** A vote in a new cluster arrives when its sender has lost its disk, and has voted for another node. */
export const lateVote: Schedule = (raft, seed) => {
  const simulation = simulationOf(raft, { nodeCount: 3, seed });
  const [first, second, voter] = simulation.nodes;
  if (first === undefined || second === undefined || voter === undefined) return simulation;
  const isVoter = ({ raft: { state } }: SimulatedNode) => state.hardState.isVoter;
  runUntil(simulation, () => simulation.nodes.every(isVoter));
  separate(simulation, [first], [second]);
  simulation.isHeld = ({ to, body }) =>
    to === first.id && body.type === "request_vote_reply" && !body.isPreVote;
  if (!runUntil(simulation, () => simulation.held.length > 0)) return simulation;
  // The first candidate must not ask again.
  simulation.isHeld = ({ from, body }) => from === first.id && body.type === "request_vote";
  simulation.crash(voter, { loseDisk: true });
  simulation.restart(voter);
  runUntil(simulation, () => second.raft.isLeader);
  simulation.release(({ to }) => to === first.id);
  simulation.runFor(10);
  return simulation;
};
