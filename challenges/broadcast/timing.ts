/**
 * Timing: when to send one peer what it lacks.
 *
 * **Aiming.** Each message says when its sender's next batch leaves, and echoes of timestamps give
 * the round trip. So a node sends its news to arrive just before its parent's next batch leaves,
 * without a shared clock: the news waits once, at this node, and not again at the parent.
 *
 * **Acknowledging.** Acknowledgements ride on the next message. One travels alone only after
 * `ACK_CYCLES` cycles, or when the peer's batches have stopped.
 */
import type { Cycle } from "./cycle.ts";
import { RoundTrip } from "./round-trip.ts";

/** Shortest time between a message and an acknowledgement that follows it alone, in ms. */
export const SOON_MS = 50;
/** Cycles after which a node without news acknowledges. */
const ACK_CYCLES = 3;
/** Round trip to assume before one was measured, in ms. */
const ROUND_TRIP_MS = 200;
/** How much longer than expected an answer may take before the message is repeated, in ms. */
const PATIENCE_MS = 100;
/** Delay of timers and handlers even on a quiet machine, in ms... */
const SLACK_MS = 5;
/** ...and in cycles: to miss a batch costs a cycle, so a longer cycle pays for more slack. */
const SLACK_PART = 1 / 100;

export class Timing {
  readonly #cycle: Cycle;
  readonly #roundTrip: RoundTrip;
  /** The peer's clock in its latest message; negative before the first. */
  #lastAt = -1;
  #lastReceivedMs = 0;
  /** Earliest arrival of the peer's next batch, in ms; `undefined` if the peer is idle. */
  #nextBatchMs: number | undefined;
  #sentMs = Number.NEGATIVE_INFINITY;
  /** Time since which this node has news for the peer, in ms. */
  #newsSinceMs: number | undefined;
  /** Time to send that news, in ms. */
  #plannedMs: number | undefined;
  /** Time since which this node owes the peer an acknowledgement, in ms. */
  #ackOwedSinceMs: number | undefined;

  constructor(cycle: Cycle) {
    this.#cycle = cycle;
    this.#roundTrip = new RoundTrip(SLACK_MS + SLACK_PART * cycle.lengthMs);
  }

  /** Whether the peer waits for an acknowledgement. */
  get owesAck(): boolean {
    return this.#ackOwedSinceMs !== undefined;
  }

  /** How long a peer may take to answer, in ms. */
  get answerMs(): number {
    // A slower network makes for needless repetition; a higher limit would make for late repetition.
    const roundTripMs = Math.min(this.#roundTrip.meanMs ?? ROUND_TRIP_MS, 2 * ROUND_TRIP_MS);
    return this.#cycle.lengthMs + roundTripMs + PATIENCE_MS;
  }

  /** How long a child may take to answer, in ms: it acknowledges after a few cycles only. */
  get childAnswerMs(): number {
    return ACK_CYCLES * this.#cycle.lengthMs + this.answerMs;
  }

  /** Time to repeat what the peer has not acknowledged, in ms. */
  get repeatMs(): number {
    return this.#sentMs + this.answerMs;
  }

  /** Time to send an acknowledgement alone, in ms. */
  get ackMs(): number {
    if (this.#ackOwedSinceMs === undefined) return Number.POSITIVE_INFINITY;
    // While batches keep coming, news will carry the acknowledgement. When they stop, none may.
    const dueMs = Math.min(
      this.#ackOwedSinceMs + ACK_CYCLES * this.#cycle.lengthMs,
      (this.#nextBatchMs ?? Number.NEGATIVE_INFINITY) + this.#roundTrip.jitterMs,
    );
    // One acknowledgement serves all copies of a message.
    return Math.max(dueMs, this.#sentMs + SOON_MS);
  }

  /** Timestamp of the peer's latest message, and its age in ms, for the peer's estimate. */
  echo(nowMs: number): [at: number, heldMs: number] | undefined {
    return this.#lastAt < 0 ? undefined : [this.#lastAt, Math.round(nowMs - this.#lastReceivedMs)];
  }

  /** How long this node's news has waited for the next message to the peer, in ms. */
  waitedMs(nowMs: number): number | undefined {
    return this.#newsSinceMs === undefined ? undefined : Math.round(nowMs - this.#newsSinceMs);
  }

  /** Time to send the peer the news that this node has, in ms. */
  plan(nowMs: number): number {
    if (this.#cycle.isDirect) return nowMs;
    if (this.#plannedMs !== undefined) return this.#plannedMs;
    this.#newsSinceMs ??= nowMs;
    this.#plannedMs = Math.min(this.#aim(nowMs), this.#newsSinceMs + this.#cycle.lengthMs);
    return this.#plannedMs;
  }

  /** Drops the plan, so that {@link plan} makes a new one. */
  replan(): void {
    this.#plannedMs = undefined;
  }

  /**
   * Takes in an echo of this node's own timestamp.
   *
   * @param heldMs Time that the peer took to return it, in ms.
   */
  noteEcho(at: number, heldMs: number, nowMs: number): void {
    this.#roundTrip.add(Math.max(0, nowMs - at - heldMs));
  }

  /**
   * Takes in the times in a message.
   *
   * @returns false when a later message of the peer came first: then nothing was taken in.
   */
  noteMessage(at: number | undefined, next: number | undefined, nowMs: number): boolean {
    if (at === undefined || at < this.#lastAt) return false;
    this.#lastAt = at;
    this.#lastReceivedMs = nowMs;
    this.#nextBatchMs = next === undefined ? undefined : nowMs + next;
    this.replan();
    return true;
  }

  /** Owes the peer an acknowledgement, which may ride on another message. */
  oweAck(nowMs: number): void {
    this.#ackOwedSinceMs ??= nowMs;
  }

  /** Owes the peer an acknowledgement at once. */
  hurryAck(): void {
    this.#ackOwedSinceMs = Number.NEGATIVE_INFINITY;
  }

  /** Takes in that a message leaves for the peer now: it carries the news and the acknowledgement. */
  noteSent(nowMs: number): void {
    this.#sentMs = nowMs;
    this.#newsSinceMs = undefined;
    this.#plannedMs = undefined;
    this.#ackOwedSinceMs = undefined;
  }

  /** Invariant: news waits for one cycle at most, whatever this node assumes about the network. */
  isPrompt(): boolean {
    if (this.#plannedMs === undefined) return true;
    const { lengthMs } = this.#cycle;
    return this.#newsSinceMs !== undefined && this.#plannedMs <= this.#newsSinceMs + lengthMs;
  }

  /** Time to send to the peer, in ms, to arrive just before its next batch leaves. */
  #aim(nowMs: number): number {
    // An idle peer sends a batch as soon as news arrives.
    if (this.#nextBatchMs === undefined) return nowMs;
    const { meanMs = 0, jitterMs } = this.#roundTrip;
    const slotMs = this.#nextBatchMs - meanMs - jitterMs;
    if (nowMs <= slotMs) return slotMs;
    // This batch is missed. When it arrives, it says when the one after leaves; if it does not
    // arrive, the peer is idle.
    const cycleMs = this.#cycle.lengthMs;
    const missedCount = Math.ceil((nowMs - slotMs) / cycleMs);
    return Math.min(slotMs + missedCount * cycleMs, Math.max(nowMs, this.#nextBatchMs + jitterMs));
  }
}
