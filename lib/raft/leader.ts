/**
 * A node that leads its term.
 *
 * It sends a new entry to no more followers than a majority needs: first to those whose clients wait for
 * it, which then learn by themselves when it is committed. The others receive it with the next
 * heartbeat. An entry that is not committed soon is sent to all, again and again.
 *
 * Unlike in the thesis (§10.2.1), the leader stores entries before it sends them. That costs a write's
 * latency, and saves the message that would tell followers when the leader's copy counts.
 *
 * @see Raft thesis, §3.5, §3.6.2, §6.4, §10.2; EPaxos, "thrifty" operation
 */
import type { NodeId } from "../vortex/index.ts";
import type { Snapshot } from "./log.ts";
import type {
  AppendEntriesReply,
  Entry,
  InstallSnapshotReply,
  Match,
  Rejection,
  Stamp,
} from "./messages.ts";
import { Progress } from "./progress.ts";
import { majority, reachedByMajority } from "./quorum.ts";
import { PendingReads } from "./reads.ts";
import { RoundTrip } from "./round-trip.ts";
import { snapshotText } from "./snapshot-receiver.ts";
import type { RaftState } from "./state.ts";
import { leaseMs, type Timing } from "./timing.ts";

/** Maximum length of the entries of a message, and of a chunk of a snapshot, in characters. */
const MAX_MESSAGE_LENGTH = 2 ** 16;
/** How long to wait for a reply at least before a message is repeated, in ms. */
const MIN_REPEAT_MS = 50;

export class Leader {
  readonly #state: RaftState;
  readonly #timing: Timing;
  readonly #progress: ReadonlyMap<NodeId, Progress>;
  readonly #reads = new PendingReads();
  readonly #roundTrip: RoundTrip;
  /** Entries up to this index have been sent to a majority. */
  #offeredIndex: number;
  /** The round of the messages that are being sent. */
  #round = 0;
  /** Time at which entries that are not committed are sent to all followers, in ms. */
  #resendAtMs = Number.POSITIVE_INFINITY;
  #resendCount = 0;
  /** The follower that leadership is offered to once it has all entries, until a time in ms. */
  #transfer: { readonly to: NodeId; readonly untilMs: number } | undefined;
  /** Whether leadership was offered to another node, which may take it at any time. */
  #isOffered = false;
  /** The snapshot that is being sent, as text. */
  #snapshot: (Snapshot & { readonly text: string }) | undefined;

  constructor(state: RaftState, timing: Timing) {
    this.#state = state;
    this.#timing = timing;
    this.#roundTrip = new RoundTrip({ minMs: MIN_REPEAT_MS, maxMs: timing.heartbeatMs });
    const next = state.log.lastIndex + 1;
    const { nowMs } = state;
    this.#progress = new Map(state.peers.map((peer) => [peer, new Progress(peer, next, nowMs)]));
    this.#offeredIndex = state.log.lastIndex;
    // Entries of earlier terms are committed by an entry of this term only (§3.6.2, figure 3.7).
    this.propose([{ term: state.currentTerm }]);
  }

  /** Time of the next {@link tick} that has something to do, in ms. */
  get nextTickMs(): number {
    const { electionMaxMs } = this.#timing;
    const heartbeats = [...this.#progress.values()].map((progress) => this.#nextSendMs(progress));
    const quorumEndMs = this.#quorumTime(({ lastReplyMs }) => lastReplyMs) + electionMaxMs;
    return Math.min(this.#resendAtMs, quorumEndMs, ...heartbeats);
  }

  /** Whether a majority has replied within an election timeout (check quorum, §6.2). */
  get hasQuorum(): boolean {
    const lastMs = this.#quorumTime(({ lastReplyMs }) => lastReplyMs);
    return this.#state.nowMs < lastMs + this.#timing.electionMaxMs;
  }

  /** Whether no other node can have become leader (§6.4.1). */
  get hasLease(): boolean {
    if (!this.#timing.hasLease || this.#isOffered) return false;
    const confirmedMs = this.#quorumTime(({ confirmedAtMs }) => confirmedAtMs);
    return this.#state.nowMs < confirmedMs + leaseMs(this.#timing);
  }

  /** The lowest index that a follower which replies has stored: the others need a snapshot. */
  get matchedByAll(): number {
    const active = [...this.#progress.values()].filter(
      ({ lastReplyMs }) => this.#state.nowMs < lastReplyMs + this.#timing.electionMaxMs,
    );
    return Math.min(...active.map(({ matchIndex }) => matchIndex));
  }

  propose(entries: readonly Entry[]): void {
    this.#state.append(this.#state.log.lastIndex + 1, entries);
    for (const { admits } of entries) {
      const progress = admits && this.#progress.get(admits.node);
      if (progress === undefined) continue;
      // What the node has promised under its former incarnation is void.
      progress.reset(this.#state.log.lastIndex);
      this.#sendAppend(progress);
    }
    this.stored();
  }

  /** Registers a read; {@link takeReads} returns it when it may be served. */
  read(id: number): void {
    this.#reads.add(id, this.#state.log.lastIndex, this.#round + 1);
  }

  /** Returns the reads that may be served now. Without a lease, starts a round for the others. */
  takeReads(): number[] {
    const { hasLease } = this;
    const confirmedRound = this.#confirmedRound;
    const served = this.#reads.take(this.#state.commitIndex, hasLease, confirmedRound);
    // One round at a time, for all reads that have arrived before it.
    const isRoundOver = confirmedRound >= this.#round;
    const needsRound = !hasLease && isRoundOver && this.#reads.needsRoundAfter(this.#round);
    this.#state.checks.sometimes(
      needsRound && this.#timing.hasLease,
      "a read finds that the lease has expired",
    );
    if (needsRound) this.#startRound();
    return served;
  }

  /** Returns all reads, which this node can no longer serve. */
  abandonReads(): number[] {
    return this.#reads.takeAll();
  }

  /** Sends the entries that the disk has by now, and commits what it can. */
  stored(): void {
    const { stableIndex } = this.#state;
    if (stableIndex > this.#offeredIndex) this.#offer(this.#offeredIndex + 1, stableIndex);
    this.#commit();
  }

  receiveReply(from: NodeId, { matches, rejected, commitIndex }: AppendEntriesReply): void {
    for (const match of matches) this.#receiveMatch(match);
    const progress = this.#progress.get(from);
    if (progress === undefined) return;
    progress.commitIndex = Math.max(progress.commitIndex, commitIndex);
    if (rejected !== undefined) {
      const sentAtMs = matches.find(({ node }) => node === from)?.stamp.sentAtMs ?? 0;
      const nextIndex = this.#lastPossibleMatch(rejected) + 1;
      const isNews = progress.rejected({ ...rejected, nextIndex, sentAtMs }, this.#state.nowMs);
      if (isNews) this.#sendAppend(progress);
    } else if (progress.hasBacklog && progress.hasCapacity && progress.transfer === undefined) {
      this.#sendAppend(progress);
    }
    this.#commit();
    this.#offerLeadership();
  }

  receiveSnapshotReply(from: NodeId, reply: InstallSnapshotReply): void {
    const progress = this.#progress.get(from);
    if (progress?.transfer?.lastIncludedIndex !== reply.lastIncludedIndex) return;
    if (!this.#state.isCurrent(from, reply.incarnation)) return;
    const isStale = reply.stamp.sentAtMs < progress.lastSentMs;
    progress.confirmed(reply.stamp, this.#state.nowMs);
    const { offset } = progress.transfer;
    // A duplicate must not send the next chunk twice: each of the two replies would be duplicated, too.
    // The chunk that the follower still lacks is repeated by the clock.
    if (reply.offset === offset || (reply.offset < offset && isStale)) return;
    progress.transfer = { ...progress.transfer, offset: reply.offset };
    this.#sendSnapshot(progress);
  }

  /** Sends a message to a follower that has not received any lately. */
  contact(peer: NodeId): void {
    const progress = this.#progress.get(peer);
    if (progress !== undefined) this.#sendAppend(progress);
  }

  tick(): void {
    const { nowMs } = this.#state;
    if (nowMs >= this.#resendAtMs) this.#resend();
    for (const progress of this.#progress.values()) {
      if (nowMs < this.#nextSendMs(progress)) continue;
      if (!progress.isAnswered) progress.rewind();
      this.#sendAppend(progress);
    }
  }

  /**
   * Offers leadership to a follower (§3.10), the most advanced one by default, as soon as it has all
   * entries. Returns whether there is one to offer it to.
   *
   * The lease ends with the offer, for the rest of the term: it may arrive at any time.
   */
  transfer(to?: NodeId): boolean {
    const candidates = [...this.#progress.values()].filter(({ isVoter }) => isVoter);
    const best = this.#preferred().find(({ id }) => id === (to ?? id));
    const target = best ?? candidates.find(({ id }) => id === to);
    if (target === undefined) return false;
    const untilMs = this.#state.nowMs + this.#timing.electionMaxMs;
    this.#transfer = { to: target.id, untilMs };
    if (target.matchIndex < this.#state.stableIndex) this.#sendAppend(target);
    this.#offerLeadership();
    return true;
  }

  /**
   * Time of the next message to a follower, if there is nothing to send before, in ms. One that is not
   * answered is repeated, so that the loss of a few messages causes no election.
   */
  #nextSendMs({ lastSentMs, isAnswered, isSilent, unansweredCount }: Progress): number {
    const { heartbeatMs } = this.#timing;
    if (isAnswered || isSilent) return lastSentMs + heartbeatMs;
    return lastSentMs + Math.min(heartbeatMs, this.#roundTrip.timeoutMs(unansweredCount));
  }

  #offerLeadership(): void {
    if (this.#transfer === undefined) return;
    const { to, untilMs } = this.#transfer;
    if (this.#state.nowMs > untilMs) this.#transfer = undefined;
    else if (this.#progress.get(to)?.matchIndex === this.#state.log.lastIndex) {
      this.#transfer = undefined;
      this.#isOffered = true;
      this.#state.checks.sometimes(true, "leadership is transferred");
      this.#state.send(to, { type: "timeout_now", term: this.#state.currentTerm });
    }
  }

  get #confirmedRound(): number {
    return this.#quorumTime(({ confirmedRound }) => confirmedRound);
  }

  /** The latest moment that a majority has reached; this node is always up to date. */
  #quorumTime(momentOf: (progress: Progress) => number): number {
    const voters = [...this.#progress.values()].filter(({ isVoter }) => isVoter);
    const moments = [Number.POSITIVE_INFINITY, ...voters.map(momentOf)];
    return reachedByMajority(moments, this.#state.nodeIds.length);
  }

  #receiveMatch({ node, incarnation, isVoter, matchIndex, stamp }: Match): void {
    const progress = this.#progress.get(node);
    // Nothing counts that a node had stored before it lost its disk.
    if (progress === undefined || !this.#state.isCurrent(node, incarnation)) return;
    progress.isVoter = isVoter;
    progress.confirmed(stamp, this.#state.nowMs);
    if (matchIndex > progress.matchIndex) this.#roundTrip.add(this.#state.nowMs - stamp.sentAtMs);
    progress.acknowledged(matchIndex);
  }

  /** The highest index up to which the logs may agree, by a follower that rejects entries. */
  #lastPossibleMatch({ nextIndex, termBefore }: Rejection): number {
    const { log } = this.#state;
    let index = Math.min(nextIndex - 1, log.lastIndex);
    // The follower's terms before nextIndex are not above termBefore.
    while (index > 0 && (log.term(index) ?? 0) > termBefore) index--;
    return index;
  }

  #commit(): void {
    const { log, currentTerm, commitIndex, stableIndex, nodeIds, id } = this.#state;
    const voters = [...this.#progress.values()].filter(({ isVoter }) => isVoter);
    const matches = [stableIndex, ...voters.map(({ matchIndex }) => matchIndex)];
    const index = reachedByMajority(matches, nodeIds.length);
    // Only entries of the current term are committed by counting (§3.6.2).
    if (index <= commitIndex || log.term(index) !== currentTerm) return;
    this.#state.checks.sometimes(
      log.term(commitIndex + 1) !== currentTerm,
      "an entry of an earlier term is committed by one of this term",
    );
    this.#state.commitTo(index);
    this.#resendCount = 0;
    this.#scheduleResend();
    const waiting = new Set<NodeId>();
    for (let at = commitIndex + 1; at <= index; at++) {
      const entry = log.entry(at);
      // A node that is admitted becomes a voter when it learns that.
      const origin = entry?.origin ?? entry?.admits?.node;
      const known = origin === undefined ? undefined : this.#progress.get(origin)?.commitIndex;
      if (origin !== undefined && origin !== id && known !== undefined && known < at) {
        waiting.add(origin);
      }
    }
    for (const origin of waiting) this.contact(origin);
  }

  /** Sends entries to a majority. */
  #offer(firstIndex: number, lastIndex: number): void {
    this.#offeredIndex = lastIndex;
    const preferred = this.#preferred();
    const origins = new Set<NodeId | undefined>();
    for (let at = firstIndex; at <= lastIndex; at++) origins.add(this.#state.log.entry(at)?.origin);
    // A new leader announces itself to all.
    if (origins.has(undefined)) for (const { id } of preferred) origins.add(id);
    const waiting = preferred.filter(({ id, isSuspect }) => origins.has(id) && !isSuspect);
    const others = preferred.filter((progress) => !waiting.includes(progress));
    const missingCount = majority(this.#state.nodeIds.length) - 1 - waiting.length;
    const targets = [...waiting, ...others.slice(0, Math.max(0, missingCount))];
    // If several nodes wait, each would need the acknowledgements of all: the leader sends the result.
    const [collector, ...more] = waiting;
    const collects = collector !== undefined && more.length === 0 && targets.length > 1;
    for (const progress of targets) {
      this.#sendAppend(progress, collects ? collector.id : undefined);
    }
    this.#scheduleResend();
  }

  /** The followers that can take entries, the most promising first. */
  #preferred(): Progress[] {
    return [...this.#progress.values()]
      .filter(({ isVoter, hasCapacity, transfer }) => isVoter && hasCapacity && !transfer)
      .sort(
        (one, other) =>
          Number(one.isSuspect) - Number(other.isSuspect) || other.matchIndex - one.matchIndex,
      );
  }

  #scheduleResend(): void {
    const isCommitted = this.#state.commitIndex >= this.#offeredIndex;
    const isDone = isCommitted && this.#confirmedRound >= this.#round;
    this.#resendAtMs = isDone
      ? Number.POSITIVE_INFINITY
      : this.#state.nowMs + this.#roundTrip.timeoutMs(this.#resendCount);
  }

  /** Sends what a majority has not acknowledged in time to every follower that has not. */
  #resend(): void {
    this.#resendCount++;
    this.#state.checks.sometimes(true, "entries are sent again to all");
    this.#scheduleResend();
    for (const progress of this.#progress.values()) {
      const { matchIndex, confirmedRound } = progress;
      if (matchIndex >= this.#offeredIndex && confirmedRound >= this.#round) continue;
      if (progress.isWaiting) progress.rewind();
      this.#sendAppend(progress);
    }
  }

  #startRound(): void {
    this.#round++;
    for (const progress of this.#progress.values()) this.#sendAppend(progress);
    this.#scheduleResend();
  }

  #stamp(): Stamp {
    return { round: this.#round, sentAtMs: this.#state.nowMs };
  }

  /** Sends all that a follower lacks, in messages of a limited length, as far as flow control allows. */
  #sendAppend(progress: Progress, ackTo?: NodeId): void {
    do {
      const { log, stableIndex } = this.#state;
      const prevLogIndex = progress.nextIndex - 1;
      const prevLogTerm = log.term(prevLogIndex);
      if (progress.transfer !== undefined || prevLogTerm === undefined) {
        this.#sendSnapshot(progress);
        return;
      }
      const maySend = progress.hasCapacity && !progress.isSilent;
      const sendable = maySend ? stableIndex - prevLogIndex : 0;
      const entries = log
        .from(progress.nextIndex, MAX_MESSAGE_LENGTH)
        .slice(0, Math.max(0, sendable));
      this.#state.send(progress.id, {
        type: "append_entries",
        term: this.#state.currentTerm,
        ...this.#knownAs(progress.id),
        prevLogIndex,
        prevLogTerm,
        entries,
        leaderCommit: this.#state.commitIndex,
        stamp: this.#stamp(),
        ...(ackTo !== undefined && { ackTo }),
      });
      progress.lastSentMs = this.#state.nowMs;
      if (entries.length > 0) progress.sent(prevLogIndex + entries.length);
      progress.hasBacklog = progress.nextIndex <= stableIndex;
    } while (progress.hasBacklog && progress.hasCapacity && !progress.isSilent);
  }

  /** Sends the next chunk of the snapshot. */
  #sendSnapshot(progress: Progress): void {
    const index = progress.transfer?.lastIncludedIndex;
    const { lastIncludedIndex, lastIncludedTerm, text } = this.#snapshotToSend(index);
    if (progress.transfer?.lastIncludedIndex !== lastIncludedIndex) {
      progress.transfer = { lastIncludedIndex, offset: 0 };
      progress.probeFrom(lastIncludedIndex + 1);
      progress.hasBacklog = true;
    }
    const { offset } = progress.transfer;
    this.#state.send(progress.id, {
      type: "install_snapshot",
      term: this.#state.currentTerm,
      ...this.#knownAs(progress.id),
      lastIncludedIndex,
      lastIncludedTerm,
      offset,
      data: text.slice(offset, offset + MAX_MESSAGE_LENGTH),
      done: offset + MAX_MESSAGE_LENGTH >= text.length,
      stamp: this.#stamp(),
    });
    progress.lastSentMs = this.#state.nowMs;
  }

  /** The snapshot that is under way, even if there is a newer one; else the newest. */
  #snapshotToSend(index: number | undefined): Snapshot & { readonly text: string } {
    if (this.#snapshot !== undefined && this.#snapshot.lastIncludedIndex === index) {
      return this.#snapshot;
    }
    const { snapshot } = this.#state.log;
    if (snapshot === undefined) throw new Error("Entries are missing, and so is a snapshot");
    if (this.#snapshot?.lastIncludedIndex !== snapshot.lastIncludedIndex) {
      this.#snapshot = { ...snapshot, text: snapshotText(snapshot) };
    }
    return this.#snapshot;
  }

  #knownAs(node: NodeId): { knownAs?: string } {
    const incarnation = this.#state.log.admissionOf(node)?.incarnation;
    return incarnation === undefined ? {} : { knownAs: incarnation };
  }
}
