/**
 * `lib/raft` with one bug each: the classical mistakes of implementations, as replacements of a piece of
 * the source, and the test that detects each.
 */
import { Command, Store } from "../../challenges/lin-kv/store.ts";
import { Lists, Txn } from "../../challenges/txn-list-append/lists.ts";
import { errorText } from "../../lib/vortex/error-text.ts";
import type { Node } from "../../lib/vortex/index.ts";
import { RaftSimulation, type SimulationOptions } from "../lib/raft/raft-simulation.ts";
import type { RaftModule, Replacement } from "../support/mutated-raft.ts";
import {
  runSimulated,
  type Simulated,
  type SimulatedOptions,
} from "../support/simulations/simulate.ts";
import { symptomsOf } from "../support/simulations/symptoms.ts";
import {
  crashAfterVote,
  figure8,
  lateAcknowledgement,
  lateSnapshot,
  lateVote,
  type Schedule,
  twoCandidates,
  votesAfterRestart,
} from "./raft-schedules.ts";

export interface RaftBug {
  /** The bug, as a sentence without its subject: "Raft that ...". */
  readonly bug: string;
  readonly replacements: readonly Replacement[];
  readonly setting: keyof typeof SETTINGS;
  /** Part of the problem that is found: a property, an assertion, an anomaly. */
  readonly shows: string;
  /** The first seed, from 1, that shows it. */
  readonly seed: number;
}

/** A test under faults; returns what is wrong, if anything. */
interface Setting {
  /** Differences from `lib/raft` that are there without a bug, too. */
  readonly replacements?: readonly Replacement[];
  problemOf(raft: RaftModule, seed: number): string | undefined;
}

function cores(
  options: Omit<SimulationOptions, "seed" | "Core">,
  { commandsPerRead = 1, syncMs = 1 } = {},
): Setting {
  return {
    problemOf({ Raft }, seed) {
      try {
        const simulation = new RaftSimulation({ faultEveryMs: 700, ...options, seed, Core: Raft });
        simulation.syncMs = syncMs;
        simulation.load(20, 20_000, commandsPerRead);
        simulation.runWithFaults(15_000);
        simulation.runFor(2_500);
        const before = simulation.committedCount;
        simulation.load(20, simulation.nowMs + 100);
        simulation.runFor(200);
        return simulation.committedCount > before ? undefined : "no progress after the faults";
      } catch (error) {
        return errorText(error);
      }
    },
  };
}

/** A script in place of random faults. */
function scheduled(schedule: Schedule): Setting {
  return {
    problemOf(raft, seed) {
      try {
        const simulation = schedule(raft, seed);
        simulation.heal();
        simulation.syncMs = 1;
        for (const node of simulation.nodes) simulation.restart(node);
        simulation.runFor(2_500);
        const before = simulation.committedCount;
        simulation.propose();
        simulation.runFor(200);
        if (simulation.committedCount === before) return "no progress after the faults";
        simulation.runFor(1000);
        const late = simulation.nodes.find((node) => node.appliedIndex < before);
        return late && `${late.id} does not catch up`;
      } catch (error) {
        return errorText(error);
      }
    },
  };
}

const LOAD = { concurrency: 6, rate: 100, timeLimitS: 10, nemesisIntervalS: 2, recoveryS: 3 };

/** Logs are compacted after a few requests, and not kept for followers. */
export const FREQUENT_SNAPSHOTS: readonly Replacement[] = [
  {
    from: "MIN_COMPACTED_LENGTH = 2 ** 17",
    to: "MIN_COMPACTED_LENGTH = 2 ** 11",
  },
  { from: "KEPT_FOR_FOLLOWERS = 8", to: "KEPT_FOR_FOLLOWERS = 1" },
];

/** The program `lin-kv` on a copy of Raft. */
export const linKvOn =
  ({ replicate }: RaftModule) =>
  (node: Node) => {
    const store = replicate(node, new Store(), { timeoutMs: 900 });
    for (const schema of Command.options) {
      node.handle(schema.entries.type.literal, schema, ({ body }) => store.execute(body));
    }
  };

/** The program `txn-list-append` on a copy of Raft. */
export const listAppendOn =
  ({ replicate }: RaftModule) =>
  (node: Node) => {
    const lists = replicate(node, new Lists(), { timeoutMs: 4000 });
    node.handle("txn", Txn, ({ body }) => lists.execute(body));
  };

function linKv(options: SimulatedOptions): Setting {
  return {
    problemOf: (raft, seed) =>
      symptoms(runSimulated("lin-kv", linKvOn(raft), { ...LOAD, ...options, seed })),
  };
}

function listAppend(options: SimulatedOptions): Setting {
  return {
    replacements: FREQUENT_SNAPSHOTS,
    problemOf: (raft, seed) =>
      symptoms(runSimulated("txn-list-append", listAppendOn(raft), { ...LOAD, ...options, seed })),
  };
}

function symptoms({ result }: Simulated): string | undefined {
  return result.valid === true ? undefined : [...symptomsOf(result)].join(", ");
}

export const SETTINGS = {
  "3 cores": cores({ nodeCount: 3 }),
  "5 cores": cores({ nodeCount: 5 }),
  /** Elections follow so closely that candidates meet in a term. */
  "3 cores, short timeouts": cores({
    nodeCount: 3,
    faultEveryMs: 100,
    faultMs: 300,
    timing: { heartbeatMs: 20, electionMinMs: 50, electionMaxMs: 80 },
  }),
  "3 cores, few commands": cores({ nodeCount: 3 }, { commandsPerRead: 0.01 }),
  "3 cores without lease, few commands": cores(
    { nodeCount: 3, timing: { hasLease: false } },
    { commandsPerRead: 0.01 },
  ),
  "a schedule: figure 8": scheduled(figure8),
  "a schedule: restarts of a voter": scheduled(votesAfterRestart),
  "a schedule: a crash after the vote": scheduled(crashAfterVote),
  "a schedule: two candidates": scheduled(twoCandidates),
  "a schedule: a late snapshot": scheduled(lateSnapshot),
  "a schedule: a late acknowledgement": scheduled(lateAcknowledgement),
  "a schedule: a late vote": scheduled(lateVote),
  "lin-kv": linKv({ nodeCount: 5, concurrency: 10, nemesis: ["partition"] }),
  "txn-list-append": listAppend({
    nodeCount: 3,
    nemesis: ["loss", "duplicate", "slow", "partition"],
  }),
} as const satisfies Record<string, Setting>;

const VOTES_AFTER_RESTART: Replacement = {
  from: "if (!this.#state.isNew) this.#leaderContactMs = nowMs;",
  to: "",
};

export const RAFT_BUGS: readonly RaftBug[] = [
  {
    bug: "does not store its term",
    // A node that restarts votes again in a term in which it has voted.
    replacements: [
      {
        from: "boot: (hardState?.boot ?? 0) + 1,",
        to: "boot: (hardState?.boot ?? 0) + 1, currentTerm: this.log.lastTerm, votedFor: null,",
      },
    ],
    setting: "3 cores, short timeouts",
    shows: "Election Safety",
    seed: 5,
  },
  {
    bug: "votes twice in a term",
    replacements: [
      {
        from: "term === this.currentTerm && (votedFor === null || votedFor === from)",
        to: "term === this.currentTerm",
      },
    ],
    setting: "3 cores, short timeouts",
    shows: "Election Safety",
    seed: 1,
  },
  {
    bug: "votes for candidates with an older log",
    replacements: [
      {
        from: "mayVote && log.isUpToDate(lastLogIndex, lastLogTerm)",
        to: "mayVote",
      },
    ],
    setting: "3 cores",
    shows: "Leader Completeness",
    seed: 3,
  },
  {
    bug: "compares logs by their length alone",
    // A long log of an early term beats a committed entry of a later one.
    replacements: [
      {
        from: "if (lastLogTerm !== this.lastTerm) return lastLogTerm > this.lastTerm;",
        to: "",
      },
    ],
    setting: "3 cores, short timeouts",
    shows: "Leader Completeness",
    seed: 1,
  },
  {
    bug: "takes less than half of the nodes for a majority",
    replacements: [
      {
        from: "return Math.floor(nodeCount / 2) + 1;",
        to: "return Math.floor(nodeCount / 2);",
      },
    ],
    setting: "lin-kv",
    shows: "not linearizable",
    seed: 1,
  },
  {
    bug: "does not truncate the log on a conflict",
    // It skips the entries whose index it has, whatever their term.
    replacements: [
      {
        from: "!log.matches(prevLogIndex + 1 + at, term)",
        to: "prevLogIndex + 1 + at > log.lastIndex",
      },
    ],
    setting: "3 cores",
    shows: "State Machine Safety",
    seed: 20,
  },
  {
    bug: "truncates the log on a stale append",
    // Entries that it has acknowledged are missing until the leader repeats them.
    replacements: [
      {
        from: "if (known >= 0) this.#state.append(prevLogIndex + 1 + known, entries.slice(known));",
        to: `if (entries.length > 0 && prevLogIndex >= this.#state.commitIndex) {
          this.#state.append(prevLogIndex + 1, entries);
        }`,
      },
    ],
    setting: "5 cores",
    shows: "has no entry",
    seed: 1,
  },
  {
    bug: "compares the length of the log in AppendEntries, and not the term",
    replacements: [
      {
        from: "!log.matches(prevLogIndex, prevLogTerm)",
        to: "prevLogIndex > log.lastIndex",
      },
    ],
    setting: "3 cores",
    shows: "Log Matching",
    seed: 22,
  },
  {
    bug: "acknowledges entries before they are synced",
    replacements: [
      {
        from: "return Math.min(this.log.lastIndex, ...changed);",
        to: "return this.log.lastIndex;",
      },
    ],
    setting: "3 cores",
    shows: "Leader Completeness",
    seed: 3,
  },
  {
    bug: "acknowledges entries that the leader has not sent",
    // Those of an earlier term may be in conflict with the leader's.
    replacements: [
      {
        from: "const matchIndex = Math.min(this.#verifiedIndex, stableIndex);",
        to: "const matchIndex = stableIndex;",
      },
    ],
    setting: "3 cores",
    shows: "Leader Completeness",
    seed: 26,
  },
  {
    bug: "takes the commit index from a log that the leader has not compared",
    // The log may end with entries that are in conflict with the leader's.
    replacements: [
      {
        from: "Math.min(leaderCommit, lastIndex)",
        to: "Math.min(leaderCommit, log.lastIndex)",
      },
    ],
    setting: "3 cores, short timeouts",
    shows: "State Machine Safety",
    seed: 3,
  },
  {
    bug: "serves reads by a lease without looking at the clock",
    replacements: [
      {
        from: "return this.#state.nowMs < confirmedMs + leaseMs(this.#timing);",
        to: "return confirmedMs > Number.NEGATIVE_INFINITY;",
      },
    ],
    setting: "3 cores, few commands",
    shows: "stale read",
    seed: 1,
  },
  {
    bug: "votes while the leader has a lease",
    replacements: [
      {
        from: "return this.#state.nowMs < this.#leaderContactMs + this.#options.timing.electionMinMs;",
        to: "return false;",
      },
    ],
    setting: "3 cores, few commands",
    shows: "stale read",
    seed: 74,
  },
  {
    bug: "keeps its lease when it has offered its leadership",
    replacements: [
      {
        from: "if (!this.#timing.hasLease || this.#isOffered) return false;",
        to: "if (!this.#timing.hasLease) return false;",
      },
    ],
    setting: "3 cores, few commands",
    shows: "stale read",
    seed: 420,
  },
  {
    bug: "serves reads by read index without a round of heartbeats",
    replacements: [{ from: "(hasLease || round <= confirmedRound)", to: "true" }],
    setting: "3 cores without lease, few commands",
    shows: "stale read",
    seed: 19,
  },
  {
    bug: "serves reads before an entry of the leader's own term is committed",
    // The commit index of a new leader may be behind what its predecessor has acknowledged.
    replacements: [
      {
        from: "this.#reads.add(id, this.#state.log.lastIndex,",
        to: "this.#reads.add(id, this.#state.commitIndex,",
      },
    ],
    setting: "3 cores, few commands",
    shows: "stale read",
    seed: 1,
  },
  {
    bug: "takes a pre-vote for a sign of a leader",
    // Each pre-vote makes the others refuse the vote that follows it.
    replacements: [
      {
        from: "if (term > this.currentTerm && !isPreVote) this.#becomeFollower(term);",
        to: `if (isPreVote) this.#leaderContactMs = this.#state.nowMs;
          if (term > this.currentTerm && !isPreVote) this.#becomeFollower(term);`,
      },
    ],
    setting: "3 cores",
    shows: "no progress",
    seed: 2,
  },
  {
    bug: "grants pre-votes in the voter's term",
    // The candidate expects the term that it asks for, and never wins.
    replacements: [
      {
        from: "term: voteGranted ? term : this.currentTerm,",
        to: "term: this.currentTerm,",
      },
    ],
    setting: "3 cores",
    shows: "no progress",
    seed: 1,
  },
  {
    bug: "votes at once with a lost disk",
    replacements: [
      {
        from: "return this.#newPeers.size === this.#state.peers.length && !this.#state.hasHistory;",
        to: "return true;",
      },
    ],
    setting: "3 cores",
    shows: "Leader Completeness",
    seed: 3,
  },
  {
    bug: "replaces newer state by a snapshot",
    // A copy of a snapshot that comes late undoes the entries since.
    replacements: [
      {
        from: "if (lastIncludedIndex <= this.#state.commitIndex) {",
        to: "if (lastIncludedIndex <= 0) {",
      },
      {
        from: "if (log.term(lastIncludedIndex) === lastIncludedTerm) ",
        to: "if (false) ",
      },
    ],
    setting: "3 cores",
    shows: "goes back",
    seed: 5,
  },
  {
    bug: "executes a request again when it is repeated",
    replacements: [
      {
        from: 'if (fate === "new") this.execute(request);',
        to: 'if (fate === "new" || fate === "in-log") this.execute(request);',
      },
    ],
    setting: "txn-list-append",
    shows: "duplicate-elements",
    seed: 1,
  },
  {
    bug: "repeats its commands as soon as there is a new leader",
    // They may be in the new leader's log already.
    replacements: [
      {
        from: "if (leaderId !== undefined) this.#forwards.add();",
        to: `this.#pending.requeueBefore(currentTerm);
          if (leaderId !== undefined) this.#forwards.add();`,
      },
    ],
    setting: "txn-list-append",
    shows: "duplicate-elements",
    seed: 1,
  },
  {
    bug: "repeats its commands after a snapshot, which may hold them",
    // Elsewhere this is the bug of a snapshot without its sessions.
    replacements: [{ from: "this.#pending.rejectUpTo(lastIncludedTerm);", to: "" }],
    setting: "txn-list-append",
    shows: "duplicate-elements",
    seed: 6,
  },
  {
    bug: "commits entries of an earlier term by counting, and begins a term without an entry",
    // Figure 8. With an entry of the new term in the same message, counting does no harm.
    replacements: [
      { from: " || log.term(index) !== currentTerm", to: "" },
      {
        from: "this.propose([{ term: state.currentTerm }]);",
        to: "for (const peer of state.peers) this.contact(peer);",
      },
      {
        from: "log.term(index) === currentTerm ? index : 0",
        to: "Number.isFinite(index) ? index : 0",
      },
    ],
    setting: "a schedule: figure 8",
    shows: "Leader Completeness",
    seed: 1,
  },
  {
    bug: "votes right after a restart, while a leader has a lease",
    replacements: [VOTES_AFTER_RESTART],
    setting: "a schedule: restarts of a voter",
    shows: "stale read",
    seed: 1,
  },
  {
    bug: "sends votes before they are synced, and votes right after a restart",
    // With the second rule, the term is over before the voter can vote again.
    replacements: [
      VOTES_AFTER_RESTART,
      { from: "afterWrite: this.#lastHardStateWrite }", to: "afterWrite: 0 }" },
    ],
    setting: "a schedule: a crash after the vote",
    shows: "Election Safety",
    seed: 1,
  },
  {
    bug: "stores its term, and not its vote",
    replacements: [
      {
        from: "boot: (hardState?.boot ?? 0) + 1,",
        to: "boot: (hardState?.boot ?? 0) + 1, votedFor: null,",
      },
    ],
    setting: "a schedule: two candidates",
    shows: "Election Safety",
    seed: 3,
  },
  {
    bug: "replaces entries that it has acknowledged by a snapshot",
    replacements: [
      {
        from: "if (log.term(lastIncludedIndex) === lastIncludedTerm) this.#state.commitTo(lastIncludedIndex);\n    else this.#state.restore(snapshot);",
        to: "this.#state.restore(snapshot);",
      },
    ],
    setting: "a schedule: a late snapshot",
    shows: "Leader Completeness",
    seed: 3,
  },
  {
    bug: "counts acknowledgements from before a node lost its disk",
    // The leader believes that the node has entries, and never sends them again.
    replacements: [
      {
        from: "if (progress === undefined || !this.#state.isCurrent(node, incarnation)) return;",
        to: "if (progress === undefined) return;",
      },
    ],
    setting: "a schedule: a late acknowledgement",
    shows: "does not catch up",
    seed: 1,
  },
  {
    bug: "counts votes from before a node lost its disk",
    replacements: [
      {
        from: "isOfThis && voteGranted && this.#state.isCurrent(from, incarnation)",
        to: "isOfThis && voteGranted",
      },
    ],
    setting: "a schedule: a late vote",
    shows: "Election Safety",
    seed: 8,
  },
];
