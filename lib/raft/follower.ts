/**
 * A node that replicates the log of a leader.
 *
 * An acknowledgement states that its sender has stored the leader's log up to an index. An entry of the
 * current term is committed once a majority has stored it (§3.6.2), and any node that has their
 * acknowledgements may conclude that, not only the leader. So a follower whose client waits for a
 * command counts them itself, without a further message. On 3 nodes, its own copy and the leader's are
 * a majority. On more, the leader names it in `ackTo`, and it collects the acknowledgements in the
 * leader's place.
 *
 * @see Raft thesis, §3.5 and §5.1, receiver implementation of AppendEntries and InstallSnapshot
 */
import type { NodeId } from "../vortex/index.ts";
import type {
  AppendEntries,
  AppendEntriesReply,
  InstallSnapshot,
  Match,
  Stamp,
} from "./messages.ts";
import { reachedByMajority } from "./quorum.ts";
import { SnapshotReceiver } from "./snapshot-receiver.ts";
import type { RaftState } from "./state.ts";

/** An acknowledgement that waits for the disk, or for those of other nodes. */
interface OwedAck {
  readonly dest: NodeId;
  readonly matchIndex: number;
  readonly stamp: Stamp;
  /** Whether it waits until the entries are committed, to include what was collected. */
  readonly collects: boolean;
}

export class Follower {
  readonly #state: RaftState;
  /** The leader of the term, once it is known. */
  leaderId: NodeId | undefined;
  /** The log is the leader's up to this index. */
  #verifiedIndex = 0;
  #owed: OwedAck[] = [];
  /** The acknowledgements of other followers in this term. */
  #collected = new Map<NodeId, Match>();
  /** Those that the leader has not been sent. */
  #unsent = new Set<NodeId>();
  readonly #snapshots = new SnapshotReceiver();

  constructor(state: RaftState) {
    this.#state = state;
  }

  /** Handles AppendEntries of the current term's leader. */
  append(leader: NodeId, message: AppendEntries): void {
    const { log } = this.#state;
    const { prevLogIndex, prevLogTerm, entries, leaderCommit, stamp, ackTo } = message;
    if (!log.matches(prevLogIndex, prevLogTerm)) {
      this.#state.checks.sometimes(true, "entries do not follow on the log");
      const index = this.#lastPossibleMatch(prevLogIndex, prevLogTerm);
      const termBefore = log.term(index) ?? 0;
      this.#reply(leader, stamp, { rejected: { prevLogIndex, nextIndex: index + 1, termBefore } });
      return;
    }
    const lastIndex = prevLogIndex + entries.length;
    const isNews = this.#appendNew(prevLogIndex, message);
    this.#verifiedIndex = Math.max(this.#verifiedIndex, lastIndex);
    this.#state.commitTo(Math.min(leaderCommit, lastIndex));

    if (!isNews && ackTo === undefined) {
      this.#reply(leader, stamp);
      return;
    }
    const collects = ackTo === this.#state.id;
    const dest = collects ? leader : (ackTo ?? leader);
    this.#owe({ dest, matchIndex: lastIndex, stamp, collects });
  }

  /** Handles an acknowledgement that another follower has sent here in the leader's place. */
  collect({ matches }: AppendEntriesReply): void {
    this.#state.checks.sometimes(true, "a follower collects acknowledgements");
    for (const match of matches) {
      if (match.matchIndex <= (this.#collected.get(match.node)?.matchIndex ?? 0)) continue;
      this.#collected.set(match.node, match);
      this.#unsent.add(match.node);
    }
    this.advance();
  }

  /** Handles a chunk of the leader's snapshot. */
  installSnapshot(leader: NodeId, message: InstallSnapshot): void {
    const { log, hardState, currentTerm } = this.#state;
    const { lastIncludedIndex, lastIncludedTerm, stamp } = message;
    if (lastIncludedIndex <= this.#state.commitIndex) {
      this.#haveUpTo(lastIncludedIndex, leader, stamp);
      return;
    }
    const { snapshot, offset } = this.#snapshots.receive(leader, message);
    if (snapshot === undefined) {
      this.#state.send(leader, {
        type: "install_snapshot_reply",
        term: currentTerm,
        incarnation: hardState.incarnation,
        lastIncludedIndex,
        offset,
        stamp,
      });
      return;
    }
    // Entries after the snapshot are the leader's, too, if the one before them is (§5.1, step 6).
    if (log.term(lastIncludedIndex) === lastIncludedTerm) this.#state.commitTo(lastIncludedIndex);
    else this.#state.restore(snapshot);
    this.#haveUpTo(lastIncludedIndex, leader, stamp);
  }

  /** Commits what it can, and sends the acknowledgements that are due. */
  advance(): void {
    this.#state.commitTo(this.#committedByCount());
    const { stableIndex, commitIndex } = this.#state;
    const isDue = ({ matchIndex, collects }: OwedAck) =>
      matchIndex <= (collects ? Math.min(stableIndex, commitIndex) : stableIndex);
    const due = this.#owed.filter(isDue);
    if (due.length === 0) return;
    this.#owed = this.#owed.filter((owed) => !isDue(owed));
    for (const [dest, { stamp }] of new Map(due.map((owed) => [owed.dest, owed]))) {
      this.#reply(dest, stamp);
    }
  }

  /** Notes that the log holds all of a snapshot; acknowledges it once it is stored. */
  #haveUpTo(lastIncludedIndex: number, leader: NodeId, stamp: Stamp): void {
    this.#verifiedIndex = Math.max(this.#verifiedIndex, lastIncludedIndex);
    this.#owe({ dest: leader, matchIndex: lastIncludedIndex, stamp, collects: false });
  }

  #owe(ack: OwedAck): void {
    // The leader repeats what a slow disk has not stored: one acknowledgement is enough.
    const { dest, matchIndex } = ack;
    this.#owed = this.#owed.filter((owed) => owed.dest !== dest || owed.matchIndex !== matchIndex);
    this.#owed.push(ack);
    this.advance();
  }

  /** Appends the entries that the log does not hold. Returns whether any have to be stored first. */
  #appendNew(prevLogIndex: number, { entries }: AppendEntries): boolean {
    const { log } = this.#state;
    const known = entries.findIndex(({ term }, at) => !log.matches(prevLogIndex + 1 + at, term));
    if (known >= 0) this.#state.append(prevLogIndex + 1 + known, entries.slice(known));
    return this.#state.stableIndex < prevLogIndex + entries.length;
  }

  /** The highest index up to which the logs may agree, given that they disagree at `prevLogIndex`. */
  #lastPossibleMatch(prevLogIndex: number, prevLogTerm: number): number {
    const { log, commitIndex } = this.#state;
    let index = Math.min(prevLogIndex - 1, log.lastIndex);
    // The leader's terms before prevLogIndex are not above prevLogTerm.
    while (index > commitIndex && (log.term(index) ?? 0) > prevLogTerm) index--;
    return Math.max(index, commitIndex);
  }

  #committedByCount(): number {
    const { log, id, nodeIds, hardState, currentTerm, stableIndex } = this.#state;
    // The leader has stored what it sends.
    const matches = [this.#verifiedIndex];
    if (hardState.isVoter) matches.push(Math.min(this.#verifiedIndex, stableIndex));
    for (const { node, incarnation, isVoter, matchIndex } of this.#collected.values()) {
      if (node === id || node === this.leaderId || !isVoter) continue;
      if (this.#state.isCurrent(node, incarnation)) matches.push(matchIndex);
    }
    const index = Math.min(reachedByMajority(matches, nodeIds.length), this.#verifiedIndex);
    return log.term(index) === currentTerm ? index : 0;
  }

  #reply(
    dest: NodeId,
    stamp: Stamp,
    { rejected }: { rejected?: AppendEntriesReply["rejected"] } = {},
  ): void {
    const { id, hardState, currentTerm, commitIndex, stableIndex } = this.#state;
    const { incarnation, isVoter } = hardState;
    const matchIndex = Math.min(this.#verifiedIndex, stableIndex);
    const matches: Match[] = [{ node: id, incarnation, isVoter, matchIndex, stamp }];
    if (dest === this.leaderId) {
      for (const node of this.#unsent) {
        const match = this.#collected.get(node);
        if (match !== undefined) matches.push(match);
      }
      this.#unsent.clear();
    }
    this.#state.send(dest, {
      type: "append_entries_reply",
      term: currentTerm,
      matches,
      ...(rejected !== undefined && { rejected }),
      commitIndex,
    });
  }
}
