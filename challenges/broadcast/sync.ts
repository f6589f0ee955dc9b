/**
 * Synchronisation: how much of this node's log a peer holds, and what to send it next.
 *
 * **Acknowledgements.** A log only grows, so one position acknowledges everything before it. Every
 * message holds all that follows the acknowledged position. A lost message therefore costs time
 * only, and duplicated or reordered ones cost nothing.
 *
 * **Catching up.** Two incarnations that meet for the first time share no position. They exchange
 * how many values of each origin they hold, and leave those out of what they send, until the first
 * message after that exchange is acknowledged.
 *
 * **Paging.** A message holds at most `MAX_NEWS_LENGTH` characters of values, and
 * `SHORT_NEWS_LENGTH` while a longer one is in flight. The next page waits until the peer has
 * acknowledged the last one.
 */
import { MAX_NEWS_LENGTH, SHORT_NEWS_LENGTH } from "./limits.ts";
import type { Counts, OriginLog, Run, Skip } from "./origin-log.ts";

/** Values that a peer said it holds, until it has acknowledged what it was sent in return. */
interface Comparison {
  readonly have: Counts;
  /** Position that the peer must acknowledge; `undefined` until something is sent in return. */
  end: number | undefined;
}

/** Replication of this node's log to one incarnation of a peer, and the other way round. */
export class Sync {
  readonly #log: OriginLog;
  readonly #incarnation: string | undefined;
  /** The peer has acknowledged this node's log up to here; `undefined` before its first message. */
  #acked: number | undefined;
  /** The peer is known to hold the log up to here: it acknowledged or sent every entry itself. */
  #settled = 0;
  /** Everything up to here was sent to the peer, or settled. Goes back when the peer was lost. */
  #sent = 0;
  /** Position after the last page, if the log continued after it; otherwise 0. */
  #pageEnd = 0;
  #comparison: Comparison | undefined;
  /** This node holds the peer's log up to here. */
  #received: number | undefined;
  /** Time of the last long message; `undefined` once it, or a later message, is answered. */
  #longSentMs: number | undefined;

  /**
   * @param log This node's log.
   * @param incarnation The peer's incarnation; `undefined` before it is known.
   */
  constructor(log: OriginLog, incarnation: string | undefined) {
    this.#log = log;
    this.#incarnation = incarnation;
  }

  /** Position up to which the peer has acknowledged this node's log. */
  get acked(): number | undefined {
    return this.#acked;
  }

  /** Position up to which this node holds the peer's log. */
  get received(): number | undefined {
    return this.#received;
  }

  /** Whether the peer has said what it holds. */
  get hasMet(): boolean {
    return this.#acked !== undefined || this.#comparison !== undefined;
  }

  /** Whether the log has entries to send. False while a page is in flight: the next follows it. */
  hasUnsent(): boolean {
    this.#advance();
    const isPageInFlight = this.#settled < this.#pageEnd && this.#settled < this.#sent;
    return this.#sent < this.#log.length && !isPageInFlight;
  }

  /** Whether the log has entries that the peer is not known to hold. */
  hasUnsettled(): boolean {
    this.#advance();
    return this.#settled < this.#log.length;
  }

  /** Whether entries were sent that the peer is not known to hold. */
  hasInFlight(): boolean {
    this.#advance();
    return this.#settled < this.#sent;
  }

  /** Takes in the peer's acknowledgement of this node's log. */
  acknowledge(position: number): void {
    if (position > this.#log.length) return;
    this.#acked = Math.max(this.#acked ?? 0, position);
    this.#settled = Math.max(this.#settled, position);
    this.#sent = Math.max(this.#sent, position);
    const end = this.#comparison?.end;
    if (end !== undefined && this.#acked >= end) this.#comparison = undefined;
  }

  /** Takes in that the peer answers a message that this node sent at a time, in whole ms. */
  noteEcho(at: number): void {
    if (this.#longSentMs !== undefined && at >= Math.floor(this.#longSentMs)) {
      this.#longSentMs = undefined;
    }
  }

  /** Takes in that this node now holds the peer's log up to a position. */
  receive(position: number): void {
    this.#received = Math.max(this.#received ?? 0, position);
  }

  /** Takes in what the peer says it holds. */
  compare(have: Counts): void {
    this.#comparison = { have, end: undefined };
    if (this.#log.isCoveredBy(have)) this.#settled = this.#log.length;
    this.#sent = this.#settled;
  }

  /** Counts everything unsettled as unsent: the peer may have missed all of it. */
  rewind(): void {
    this.#sent = this.#settled;
  }

  /** Next message to the peer: everything it lacks, as far as one page holds it. */
  next(nowMs: number): { readonly end: number; readonly news: Run[] } {
    const have = this.#comparison?.have;
    const isHeld: Skip = (origin, number, source) =>
      source === this.#incarnation || number < (have?.get(origin) ?? 0);
    const { runs: news, end } = this.#page(this.#acked ?? 0, isHeld, nowMs);
    // A message without news is not acknowledged, so it must not count as in flight.
    if (news.length === 0) this.#settled = end;
    this.#sent = Math.max(this.#settled, end);
    this.#pageEnd = end < this.#log.length ? end : 0;
    if (this.#comparison !== undefined) this.#comparison.end ??= this.#log.length;
    return { end, news };
  }

  /**
   * News for a question: values of one origin from a position on. The peer may hold them already,
   * but need not ask for them.
   */
  nextOf(origin: string, position: number, nowMs: number): Run[] {
    const { runs } = this.#page(position, (other) => other !== origin, nowMs);
    this.#sent = this.#log.length;
    return runs;
  }

  /** Invariant: acknowledged ≤ settled ≤ sent ≤ length of the log. */
  isOrdered(): boolean {
    return (
      (this.#acked ?? 0) <= this.#settled &&
      this.#settled <= this.#sent &&
      this.#sent <= this.#log.length
    );
  }

  /** Invariant: the peer's log holds everything settled. */
  isSettledIn(peerLog: OriginLog): boolean {
    return this.#log.isPrefixHeldBy(peerLog, this.#settled);
  }

  #page(position: number, skip: Skip, nowMs: number) {
    const maxLength = this.#longSentMs === undefined ? MAX_NEWS_LENGTH : SHORT_NEWS_LENGTH;
    const page = this.#log.runs(position, skip, maxLength);
    if (page.length > SHORT_NEWS_LENGTH) this.#longSentMs = nowMs;
    return page;
  }

  /** Moves over entries that came from the peer itself. */
  #advance(): void {
    this.#settled = this.#skipItsOwn(this.#settled);
    this.#sent = this.#skipItsOwn(Math.max(this.#sent, this.#settled));
  }

  #skipItsOwn(from: number): number {
    let position = from;
    while (position < this.#log.length && this.#log.sourceAt(position) === this.#incarnation) {
      position++;
    }
    return position;
  }
}
