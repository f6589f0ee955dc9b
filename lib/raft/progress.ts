/**
 * A leader's view of a follower.
 *
 * @see etcd raft, `tracker/progress.go`; Raft thesis, §10.2.1 (batching and pipelining)
 */
import type { NodeId } from "../vortex/index.ts";
import type { Rejection, Stamp } from "./messages.ts";

/** Number of messages with entries that may be on their way to a follower. */
const MAX_IN_FLIGHT = 16;

/** After as many repetitions without a reply, a follower seems to be dead. */
const MAX_UNANSWERED = 3;

/** The position in a snapshot that is being sent. */
export interface SnapshotTransfer {
  readonly lastIncludedIndex: number;
  readonly offset: number;
}

/**
 * A follower as its leader sees it.
 *
 * Invariant: `matchIndex < nextIndex`.
 */
export class Progress {
  readonly id: NodeId;
  /** The highest index that the follower has acknowledged as stored. */
  matchIndex = 0;
  /** Index of the next entry to send. */
  nextIndex: number;
  /**
   * Whether `nextIndex` is a guess: then one message is sent at a time, until the logs are known to
   * agree. Otherwise entries are sent without waiting for the acknowledgement of earlier ones.
   */
  isProbing = true;
  /** The snapshot that is being sent, if the entries it needs are compacted. */
  transfer: SnapshotTransfer | undefined;
  /** Whether its acknowledgements count, by its last one. */
  isVoter = true;
  /** Whether it lacks stored entries that were not sent, because a message has a limited length. */
  hasBacklog = false;
  /** How often messages were repeated since its last reply. */
  unansweredCount = 0;
  /** The follower's commit index, by its last reply. */
  commitIndex = 0;
  /** Time of the last message to it, in ms. */
  lastSentMs: number;
  /** Time of its last reply in this term, in ms. */
  lastReplyMs: number;
  /** Sending time of the newest message that was replied to, in ms: the follower was a follower since. */
  confirmedAtMs = Number.NEGATIVE_INFINITY;
  /** The newest round that was replied to. */
  confirmedRound = 0;
  /** The messages with entries that were not acknowledged: the index of their first and last entry. */
  #inFlight: { readonly first: number; readonly last: number }[] = [];
  /** Time of the last rejection that was answered by earlier entries, in ms. */
  #steppedBackAtMs = Number.NEGATIVE_INFINITY;

  constructor(id: NodeId, nextIndex: number, nowMs: number) {
    this.id = id;
    this.nextIndex = nextIndex;
    this.lastSentMs = nowMs;
    this.lastReplyMs = nowMs;
  }

  /** Whether another message with entries may be sent. */
  get hasCapacity(): boolean {
    return this.#inFlight.length < (this.isProbing ? 1 : MAX_IN_FLIGHT);
  }

  /** Whether it has replied to the last message. */
  get isAnswered(): boolean {
    return this.confirmedAtMs >= this.lastSentMs;
  }

  /** Whether it did not reply in time, and not since: others are preferred. */
  get isSuspect(): boolean {
    return this.unansweredCount > 0;
  }

  /** Whether it seems to be dead: then it is sent no entries until it replies. */
  get isSilent(): boolean {
    return this.unansweredCount > MAX_UNANSWERED;
  }

  /** Whether entries were sent that it has not acknowledged. */
  get isWaiting(): boolean {
    return this.#inFlight.length > 0;
  }

  /** Notes that the entries from `nextIndex` to `last` were sent. */
  sent(last: number): void {
    this.#inFlight.push({ first: this.nextIndex, last });
    this.nextIndex = last + 1;
  }

  /** Notes a reply that confirms the leader. */
  confirmed({ round, sentAtMs }: Stamp, nowMs: number): void {
    this.lastReplyMs = Math.max(this.lastReplyMs, nowMs);
    this.confirmedAtMs = Math.max(this.confirmedAtMs, sentAtMs);
    this.confirmedRound = Math.max(this.confirmedRound, round);
    this.unansweredCount = 0;
  }

  /** Notes an acknowledgement. */
  acknowledged(matchIndex: number): void {
    if (matchIndex >= this.#probeIndex) this.isProbing = false;
    if (this.transfer !== undefined && matchIndex >= this.transfer.lastIncludedIndex) {
      this.transfer = undefined;
    }
    this.matchIndex = Math.max(this.matchIndex, matchIndex);
    this.nextIndex = Math.max(this.nextIndex, matchIndex + 1);
    this.#inFlight = this.#inFlight.filter(({ last }) => last > matchIndex);
  }

  /**
   * Notes that the follower's log does not reach, or disagrees with, what was sent. Returns whether
   * that is a reason to send something else at once; what is sent again and again, the clock sends.
   *
   * Each position is answered once. Otherwise a network that repeats messages would double them with
   * every step back.
   */
  rejected(
    { prevLogIndex, nextIndex, sentAtMs }: Omit<Rejection, "termBefore"> & Pick<Stamp, "sentAtMs">,
    nowMs: number,
  ): boolean {
    // A stale rejection: the follower has acknowledged more since, or the position was left since.
    if (prevLogIndex <= this.matchIndex) return false;
    if (prevLogIndex !== this.#probeIndex && sentAtMs <= this.#steppedBackAtMs) return false;
    this.#steppedBackAtMs = nowMs;
    this.probeFrom(Math.min(nextIndex, this.#probeIndex + 1));
    return nextIndex <= prevLogIndex;
  }

  /** Notes that what was sent was not acknowledged in time: it is sent again. */
  rewind(): void {
    this.unansweredCount++;
    if (this.isWaiting) this.probeFrom(this.#probeIndex + 1);
  }

  probeFrom(nextIndex: number): void {
    this.isProbing = true;
    this.#inFlight = [];
    this.nextIndex = Math.max(nextIndex, this.matchIndex + 1);
  }

  /** Forgets what the follower has stored, because its disk was lost. */
  reset(nextIndex: number): void {
    this.matchIndex = 0;
    this.isVoter = false;
    this.commitIndex = 0;
    this.transfer = undefined;
    this.confirmedAtMs = Number.NEGATIVE_INFINITY;
    this.confirmedRound = 0;
    this.probeFrom(nextIndex);
  }

  /** The index up to which the logs agree if the next acknowledgement confirms it. */
  get #probeIndex(): number {
    return (this.#inFlight[0]?.first ?? this.nextIndex) - 1;
  }
}
