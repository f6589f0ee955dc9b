import type { NodeId } from "../../lib/vortex/index.ts";
import type { Counts } from "./origin-log.ts";

/** What a node knows of another. */
export interface Link {
  readonly id: NodeId;
  readonly rank: number;
  /** Which start of it this is about; `undefined` before anything was heard. */
  start: string | undefined;
  /** Whether it has addressed this start of this node. */
  knowsThis: boolean;

  // What it has of this node's log.
  /** It said that it has the log up to here; `undefined` before it said so. */
  acked: number | undefined;
  /** It is known to have the log up to here. */
  settled: number;
  /** Everything up to here was sent to it, or came from it. */
  sent: number;
  /** The last message held only what comes before this, for there was too much; otherwise 0. */
  cutAt: number;
  /** What it said to have, until it has acknowledged what was sent in answer to that. */
  have: Counts | undefined;
  syncEnd: number;

  // What this node has of its log.
  seen: number | undefined;
  /** Since when it waits for an acknowledgement. */
  ackDueSinceMs: number | undefined;

  // Whether it is there.
  /** When the first message was sent that it should have answered by now, and has not. */
  unansweredSinceMs: number | undefined;
  isLost: boolean;
  /** When it was sent a long message; `undefined` when it has answered anything that was sent since. */
  longSentMs: number | undefined;
  wantsService: boolean;
  askedMs: number;
  sentMs: number;

  // When to send.
  roundTrip: RoundTrip;
  lastAt: number;
  lastReceivedMs: number;
  /** When its next batch may arrive here; `undefined` when it waits for nothing but news. */
  nextBatchMs: number | undefined;
  /** Since when there is something new for it. */
  newsSinceMs: number | undefined;
  /** When to send it what is new; decided when there is something new. */
  plannedMs: number | undefined;
}

/** Longer round trips are not reckoned with, in ms. */
const ROUND_TRIP_MAX_MS = 2000;
/** What a node's timers and its work may be late by even on a quiet machine, in ms. */
const SLACK_MS = 5;
/** To miss a batch costs a cycle: so much of that is paid to miss fewer. */
const SLACK_PART = 1 / 100;

export function newLink(id: NodeId, rank: number, cycleMs: number): Link {
  return {
    id,
    rank,
    start: undefined,
    knowsThis: false,
    acked: undefined,
    settled: 0,
    sent: 0,
    cutAt: 0,
    have: undefined,
    syncEnd: 0,
    seen: undefined,
    ackDueSinceMs: undefined,
    unansweredSinceMs: undefined,
    isLost: false,
    longSentMs: undefined,
    wantsService: false,
    askedMs: Number.NEGATIVE_INFINITY,
    sentMs: Number.NEGATIVE_INFINITY,
    roundTrip: new RoundTrip(SLACK_MS + SLACK_PART * cycleMs),
    lastAt: -1,
    lastReceivedMs: 0,
    nextBatchMs: undefined,
    newsSinceMs: undefined,
    plannedMs: undefined,
  };
}

/** How long it takes there and back, as TCP estimates it, in ms. */
class RoundTrip {
  readonly #slackMs: number;
  #meanMs: number | undefined;
  #deviationMs = 0;

  /** @param slackMs What a message's time may differ by even if none has differed so far. */
  constructor(slackMs: number) {
    this.#slackMs = slackMs;
  }

  get meanMs(): number | undefined {
    return this.#meanMs;
  }

  /** What a message's time may differ by, all but seldom. */
  get jitterMs(): number {
    return 3 * this.#deviationMs + this.#slackMs;
  }

  add(measuredMs: number): void {
    // More means that one of the two stood still meanwhile.
    const sampleMs = Math.min(measuredMs, ROUND_TRIP_MAX_MS);
    if (this.#meanMs === undefined) {
      this.#meanMs = sampleMs;
      return;
    }
    const errorMs = sampleMs - this.#meanMs;
    // Better times are noticed sooner than worse ones.
    this.#meanMs += errorMs < 0 ? errorMs / 4 : errorMs / 8;
    this.#deviationMs += (Math.abs(errorMs) - this.#deviationMs) / 4;
  }
}
