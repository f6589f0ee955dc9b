/**
 * The messages between the nodes of a Raft cluster: their bodies, with the names of the Raft paper.
 *
 * All are one-way: a reply names the term and index that it is about, and a lost message is repeated
 * by the timers of its sender.
 *
 * @see Ongaro, "Consensus: Bridging Theory and Practice" (the thesis), figures 3.1 and 5.3
 */
import * as v from "valibot";
import type { NodeId } from "../vortex/index.ts";

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/**
 * Identifies a disk. A node draws one when it finds its disk empty, so a node that has lost its disk
 * has another incarnation than before.
 */
export type Incarnation = string;

/** An entry of the log; its index is its position. Without other fields, it is the no-op of a new term. */
export const Entry = v.object({
  term: Count,
  /** The node that waits for the command's result. */
  origin: v.exactOptional(v.string()),
  /** A command for the state machine. */
  command: v.exactOptional(v.unknown()),
  /** Admits a node with an empty disk: from here on, it is known by this incarnation. */
  admits: v.exactOptional(v.object({ node: v.string(), incarnation: v.string() })),
});
export type Entry = v.InferOutput<typeof Entry>;

/**
 * Set by a leader on what it sends to followers, and returned by their replies.
 *
 * `sentAtMs`, by the leader's clock, dates the contact for the lease; `round` confirms the reads that
 * were waiting when it was sent.
 */
const Stamp = v.object({ round: Count, sentAtMs: v.number() });
export type Stamp = v.InferOutput<typeof Stamp>;

/** Asks for a vote (§3.4), or whether the receiver would grant one (pre-vote, §9.6). */
export const RequestVote = v.object({
  type: v.literal("request_vote"),
  term: Count,
  isPreVote: v.boolean(),
  /** Whether the leader asked for this election: then receivers do not protect it (§4.2.3). */
  isTransfer: v.boolean(),
  lastLogIndex: Count,
  lastLogTerm: Count,
});

export const RequestVoteReply = v.object({
  type: v.literal("request_vote_reply"),
  term: Count,
  incarnation: v.string(),
  isPreVote: v.boolean(),
  voteGranted: v.boolean(),
});

/** Replicates entries, all of which the leader has stored; without any, a heartbeat (§3.5). */
export const AppendEntries = v.object({
  type: v.literal("append_entries"),
  term: Count,
  /** The receiver's incarnation in the leader's log, if it was ever admitted with an empty disk. */
  knownAs: v.exactOptional(v.string()),
  prevLogIndex: Count,
  prevLogTerm: Count,
  entries: v.array(Entry),
  leaderCommit: Count,
  stamp: Stamp,
  /** A follower that collects the acknowledgements in the leader's place. */
  ackTo: v.exactOptional(v.string()),
});

/** States that a node has stored the log up to `matchIndex`, as the leader of the term has it. */
const Match = v.object({
  node: v.string(),
  incarnation: v.string(),
  /** Whether it counts: a node with an empty disk receives the log before it is admitted. */
  isVoter: v.boolean(),
  matchIndex: Count,
  stamp: Stamp,
});
export type Match = v.InferOutput<typeof Match>;

/** Entries did not follow on the sender's log. */
const Rejection = v.object({
  /** As in the message with the entries. */
  prevLogIndex: Count,
  /** Index of the next entry to send. */
  nextIndex: Count,
  /** The term of the sender's entry before `nextIndex`. */
  termBefore: Count,
});
export type Rejection = v.InferOutput<typeof Rejection>;

export const AppendEntriesReply = v.object({
  type: v.literal("append_entries_reply"),
  term: Count,
  /** The acknowledgement of the sender, and those that it has collected. */
  matches: v.array(Match),
  rejected: v.exactOptional(Rejection),
  /** The sender's commit index. */
  commitIndex: Count,
});

/** A chunk of a snapshot (§5.1). */
export const InstallSnapshot = v.object({
  type: v.literal("install_snapshot"),
  term: Count,
  knownAs: v.exactOptional(v.string()),
  lastIncludedIndex: Count,
  lastIncludedTerm: Count,
  /** Position of the chunk in the snapshot's text. */
  offset: Count,
  data: v.string(),
  done: v.boolean(),
  stamp: Stamp,
});

export const InstallSnapshotReply = v.object({
  type: v.literal("install_snapshot_reply"),
  term: Count,
  incarnation: v.string(),
  lastIncludedIndex: Count,
  /** Position of the chunk that the sender needs next. */
  offset: Count,
  stamp: Stamp,
});

/** Asks the receiver to start an election at once: leadership transfer (§3.10). */
export const TimeoutNow = v.object({ type: v.literal("timeout_now"), term: Count });

/** Sent by a node with an empty disk, to ask whether the cluster has a history. */
export const Hello = v.object({ type: v.literal("hello"), incarnation: v.string() });

export const HelloReply = v.object({
  type: v.literal("hello_reply"),
  /** The incarnation in the {@link Hello}. */
  to: v.string(),
  /** Whether the sender has ever had an entry. */
  hasHistory: v.boolean(),
});

/** The schemas of all messages, by type. */
export const MESSAGES = {
  request_vote: RequestVote,
  request_vote_reply: RequestVoteReply,
  append_entries: AppendEntries,
  append_entries_reply: AppendEntriesReply,
  install_snapshot: InstallSnapshot,
  install_snapshot_reply: InstallSnapshotReply,
  timeout_now: TimeoutNow,
  hello: Hello,
  hello_reply: HelloReply,
} as const;

export type RequestVote = v.InferOutput<typeof RequestVote>;
export type RequestVoteReply = v.InferOutput<typeof RequestVoteReply>;
export type AppendEntries = v.InferOutput<typeof AppendEntries>;
export type AppendEntriesReply = v.InferOutput<typeof AppendEntriesReply>;
export type InstallSnapshot = v.InferOutput<typeof InstallSnapshot>;
export type InstallSnapshotReply = v.InferOutput<typeof InstallSnapshotReply>;
export type TimeoutNow = v.InferOutput<typeof TimeoutNow>;
export type Hello = v.InferOutput<typeof Hello>;
export type HelloReply = v.InferOutput<typeof HelloReply>;

/** The body of a message between nodes. */
export type RaftMessage =
  | RequestVote
  | RequestVoteReply
  | AppendEntries
  | AppendEntriesReply
  | InstallSnapshot
  | InstallSnapshotReply
  | TimeoutNow
  | Hello
  | HelloReply;

/** A message to send. */
export interface Outgoing {
  readonly dest: NodeId;
  readonly body: RaftMessage;
}
