/**
 * One node's view of another: what the peer has acknowledged, what it was last sent, when its last message
 * arrived, and when to look it up in lin-kv instead.
 */
import * as v from "valibot";
import type { NodeId, StoredLog } from "../../lib/vortex/index.ts";
import { LOOK_UP_MS, MAX_LOOK_UP_MS, RESEND_MS, SILENCE_MS } from "./limits.ts";
import { Count, LogRecord } from "./merged-log.ts";

/** News for one peer. */
export const Push = v.object({
  /** Records of the sender's log, the first with this number. */
  from: Count,
  records: v.array(LogRecord),
  /** No record of the sender after these holds a message from before this time. */
  watermark: Count,
  /** The receiver's log as the sender knows it: its number of records and its watermark. */
  knownRecords: Count,
  knownWatermark: Count,
  /** Whether the sender waits for an acknowledgement. */
  wantsAck: v.boolean(),
});
export type Push = v.InferOutput<typeof Push>;

/** A position in a node's log. */
export interface Position {
  readonly records: number;
  readonly watermark: number;
}

const NOTHING: Position = { records: 0, watermark: 0 };

export class Peer {
  readonly id: NodeId;
  readonly index: number;
  /** The peer's log, as far as this node knows it. */
  readonly log: StoredLog<LogRecord>;
  /** How much of this node's log the peer has acknowledged. */
  #acknowledged = NOTHING;
  #sent = NOTHING;
  #sentMs = 0;
  #wantsAck = false;
  #lastReceivedMs = 0;
  #isBeingLookedUp = false;
  #lookedUpMs = 0;
  #lookUpIntervalMs = LOOK_UP_MS;

  constructor(id: NodeId, index: number, log: StoredLog<LogRecord>) {
    this.id = id;
    this.index = index;
    this.log = log;
  }

  get acknowledgedRecords(): number {
    return this.#acknowledged.records;
  }

  isSilent(nowMs: number): boolean {
    return nowMs - this.#lastReceivedMs >= SILENCE_MS;
  }

  /** Gives the peer time to send something before it counts as silent. */
  expect(nowMs: number): void {
    this.#lastReceivedMs = Math.max(this.#lastReceivedMs, nowMs);
  }

  /**
   * Takes in what a push says about this node's log.
   *
   * Pushes may overtake each other. An acknowledgement that goes back only makes records be sent again.
   */
  receive({ knownRecords, knownWatermark, wantsAck }: Push, nowMs: number): void {
    this.#acknowledged = { records: knownRecords, watermark: knownWatermark };
    this.#wantsAck ||= wantsAck;
    this.#lastReceivedMs = nowMs;
    this.#lookUpIntervalMs = LOOK_UP_MS;
  }

  /** Whether the peer has not acknowledged all of this node's log. */
  lacks(own: Position): boolean {
    return isBefore(this.#acknowledged, own);
  }

  /** Whether to push now: an acknowledgement is due, there is news, or the last push got no answer. */
  isPushDue(own: Position, nowMs: number): boolean {
    if (this.#wantsAck) return true;
    if (!this.lacks(own)) return false;
    const hasNews = isBefore(this.#sent, own) && !this.isSilent(nowMs);
    return hasNews || nowMs - this.#sentMs >= RESEND_MS;
  }

  pushed(sent: Position, nowMs: number): void {
    this.#sent = sent;
    this.#sentMs = nowMs;
    this.#wantsAck = false;
  }

  /** Whether to read a silent peer's log in lin-kv now, given when a client last needed it. */
  isLookUpDue(wantedMs: number, nowMs: number): boolean {
    return (
      !this.#isBeingLookedUp &&
      this.isSilent(nowMs) &&
      wantedMs >= this.#lookedUpMs &&
      nowMs - this.#lookedUpMs >= this.#lookUpIntervalMs
    );
  }

  /** Runs a look-up. Backs off while look-ups find no records. */
  async lookUp(nowMs: () => number, read: () => Promise<void>): Promise<void> {
    this.#isBeingLookedUp = true;
    const { length } = this.log;
    try {
      await read();
    } finally {
      this.#isBeingLookedUp = false;
      this.#lookedUpMs = nowMs();
      const hasFound = this.log.length > length;
      this.#lookUpIntervalMs = hasFound
        ? LOOK_UP_MS
        : Math.min(2 * this.#lookUpIntervalMs, MAX_LOOK_UP_MS);
    }
  }
}

function isBefore(one: Position, other: Position): boolean {
  return one.records < other.records || one.watermark < other.watermark;
}
