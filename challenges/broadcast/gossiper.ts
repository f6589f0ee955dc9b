/**
 * How broadcast gossips: which node is told what, and when. What the rules are, and why nothing is
 * lost by them, is told in `../broadcast.ts`.
 */
import type { NodeId } from "../../lib/vortex/index.ts";
import { JsonSet } from "./json-set.ts";
import { type Link, newLink } from "./link.ts";
import type { Gossip, Outgoing, OutgoingGossip, Shown } from "./messages.ts";
import { type Counts, OriginLog, type Skip, type Run as Values } from "./origin-log.ts";

export interface GossiperOptions {
  readonly id: NodeId;
  readonly nodeIds: readonly NodeId[];
  /** Names this start of the node: no other start of any node may have the same. */
  readonly start: string;
  readonly flushMs: number;
  readonly nowMs: number;
}

/** How often those are asked who do not answer, in ms. */
const ASK_MS = 400;
/**
 * How soon the parent is asked again by a node that has news, in ms; the second time, twice that. And
 * how soon an acknowledgement may follow upon another message.
 */
const SOON_MS = 50;
/** How long a node keeps quiet when it has started and nobody sends it anything, in ms. */
const QUIET_START_MS = 500;
/** The hub's cycle when every value is sent directly, in ms. */
const MENDING_CYCLE_MS = 1000;
/** News may wait for so many parts of a cycle more than one, before a batch leaves for it alone. */
const LATE_PART = 1 / 16;
/** One batch in so many may leave before its time... */
const ALLOWED_PART = 1 / 16;
/** ...and so many in a row. */
const MAX_ALLOWANCE = 4;
/** A node with no news of its own acknowledges after so many cycles. */
const ACK_CYCLES = 3;
/** What is taken for a round trip before one was seen, in ms. */
const ROUND_TRIP_MS = 200;
/** How many characters the values in a message may have, about: the rest comes with the next one. */
const MAX_NEWS_LENGTH = 2 ** 20;
/**
 * As many, while it is not known whether the last long message has arrived. Who cannot keep up, or
 * stands still, would find it repeated many times, and answer each with as much: then nobody could.
 */
const SHORT_NEWS_LENGTH = 2 ** 14;
/** How much longer than expected an answer may take before the message is repeated, in ms. */
const PATIENCE_MS = 100;

/**
 * The algorithm, without network or clock: told what happens and when, it says what to send.
 *
 * After every call, {@link step} must be called, and again when the time comes that it names.
 */
export class Gossiper {
  readonly values = new JsonSet();
  readonly #log = new OriginLog(this.values);
  readonly #start: string;
  readonly #rank: number;
  readonly #cycleMs: number;
  readonly #isDirect: boolean;
  readonly #links: readonly Link[];
  readonly #linkOf: ReadonlyMap<NodeId, Link>;
  readonly #beganMs: number;
  /** Messages go out from here on: peers may not have been started before. */
  #awakeMs: number;
  #lastBatchMs = Number.NEGATIVE_INFINITY;
  /** When news that has waited for long should leave with a batch, though a cycle is not over. */
  #overdueMs = Number.POSITIVE_INFINITY;
  /** How many batches may leave before their time. */
  #allowance = MAX_ALLOWANCE;
  /** Own values that everybody should be sent directly. */
  readonly #unsentDirectly: unknown[] = [];
  /** Whether another node has told what it has: a node that was killed is empty before. */
  #isRecovered = false;
  readonly #outgoing: Outgoing[] = [];

  constructor({ id, nodeIds, start, flushMs, nowMs }: GossiperOptions) {
    this.#start = start;
    this.#rank = nodeIds.indexOf(id);
    this.#isDirect = flushMs === 0;
    this.#cycleMs = this.#isDirect ? MENDING_CYCLE_MS : flushMs;
    this.#links = nodeIds.flatMap((peer, rank) =>
      peer === id ? [] : [newLink(peer, rank, this.#cycleMs)],
    );
    this.#linkOf = new Map(this.#links.map((link) => [link.id, link]));
    this.#beganMs = nowMs;
    this.#awakeMs = nowMs + QUIET_START_MS;
  }

  /** How many values of this start of the node are in the log. */
  get ownCount(): number {
    return this.#log.countOf(this.#start);
  }

  /** Notes that others have been started: something was heard. */
  wake(nowMs: number): void {
    this.#awakeMs = Math.min(this.#awakeMs, nowMs);
  }

  /** Whether others may be sent messages. */
  isAwake(nowMs: number): boolean {
    return nowMs >= this.#awakeMs;
  }

  /** Takes in a value from a client. */
  add(value: unknown): void {
    // With direct sending, that a value is shown does not mean that it is in the log.
    if (!this.#isDirect && this.values.has(value)) return;
    this.#log.merge([this.#start, this.ownCount, value], this.#start);
    this.announce([value]);
  }

  /** Notes that everybody should be sent these values directly, if that is how it is done. */
  announce(values: readonly unknown[]): void {
    if (this.#isDirect) this.#unsentDirectly.push(...values);
  }

  /** Takes in values that this node has stored, now or in an earlier start. */
  restore(run: Values): void {
    this.#log.merge(run, this.#start);
  }

  /** Takes in values that a peer has sent to everybody. */
  show({ values }: Shown): void {
    for (const value of values) this.values.add(value);
  }

  /** Takes in a message of a peer. */
  receive(src: NodeId, message: Gossip, nowMs: number): void {
    const link = this.#linkOf.get(src);
    if (link === undefined) return;
    if (link.start !== message.me)
      Object.assign(link, newLink(link.id, link.rank, this.#cycleMs), { start: message.me });

    const isForMe = message.you === this.#start;
    if (isForMe) this.#noteAnswer(link, message, nowMs);
    this.#noteTimes(link, message, nowMs);

    const news = message.news ?? [];
    if (news.length > 0) this.#noteWait(message.waited ?? 0, nowMs);
    const isComplete = news.map((run) => this.#log.merge(run, message.me)).every(Boolean);
    const { end } = message;
    if (isForMe && end !== undefined) {
      // It begins where this node has said to be, even if this node has forgotten that it said so: a
      // late message of a dead start of the sender makes it forget.
      if (isComplete) link.seen = Math.max(link.seen ?? 0, end);
      if (news.length > 0) link.ackDueSinceMs ??= nowMs;
    }

    if (message.have !== undefined) {
      this.#isRecovered = true;
      this.#compare(link, new Map(message.have));
      // Who has just met this node again waits to hear that it was understood.
      if (news.length > 0) link.ackDueSinceMs = Number.NEGATIVE_INFINITY;
    }
    const isMistaken = message.you !== undefined && !isForMe;
    if (message.ask) this.#send(link, nowMs, { isAnswer: true });
    else if (isMistaken || (isForMe && !isComplete)) {
      if (nowMs >= link.askedMs + ASK_MS) this.#ask(link, nowMs);
    }
  }

  /** Decides what to send now; returns it, and when to call again at the latest. */
  step(nowMs: number): { readonly messages: Outgoing[]; readonly wakeMs: number } {
    let wakeMs = this.#awakeMs;
    if (this.isAwake(nowMs)) {
      this.#sendDirectly();
      wakeMs = this.#sendWhatIsDue(nowMs);
    }
    return { messages: this.#outgoing.splice(0), wakeMs };
  }

  #sendWhatIsDue(nowMs: number): number {
    const regularMs = this.#lastBatchMs + this.#cycleMs;
    const batchMs = this.#allowance < 1 ? regularMs : Math.min(regularMs, this.#overdueMs);
    const parent = this.#parent();
    const batch: Link[] = [];
    let wakeMs = Number.POSITIVE_INFINITY;
    let strangers = 0;
    for (const link of this.#links) {
      const isServed = link !== parent && (parent === undefined || link.wantsService);
      let dueMs = Number.POSITIVE_INFINITY;
      if (link === parent || isServed) {
        this.#noteSilence(link, parent, nowMs);
        if (!this.#canCompare(link)) {
          if (link.start === undefined) strangers++;
          if (link === parent || parent === undefined) dueMs = this.#askMs(link, parent, strangers);
        } else if (isServed && this.#hasForBatch(link)) {
          dueMs = batchMs;
          if (dueMs <= nowMs) batch.push(link);
        } else if (link === parent && this.#hasUnsent(link)) {
          dueMs = this.#plan(link, nowMs);
        }
        if (this.#canCompare(link) && this.#hasUnsettled(link) && link.sent > link.settled) {
          dueMs = Math.min(dueMs, link.sentMs + this.#answerMs(link));
        }
      } else if (link.isLost && link.rank < this.#rank && this.#hasUnsettled(link)) {
        // Its parent sees to that as well; but it may die before it could.
        dueMs = link.askedMs + ASK_MS * this.#links.length;
      }
      const ackMs = isServed ? Number.POSITIVE_INFINITY : this.#ackMs(link);
      if (link === parent) dueMs = Math.min(dueMs, ackMs);
      if (batch.at(-1) === link) continue;
      if (dueMs > nowMs && ackMs <= nowMs) {
        // News is for parents and those who are served: two others would go on acknowledging, each
        // with news that the other has to acknowledge in its turn.
        this.#push(link, nowMs, {});
        wakeMs = Math.min(wakeMs, dueMs);
      } else if (dueMs <= nowMs) {
        this.#send(link, nowMs);
        // It may be due again, for another reason, at once.
        wakeMs = Math.min(wakeMs, nowMs + 1);
      } else {
        wakeMs = Math.min(wakeMs, dueMs, ackMs);
      }
    }
    if (batch.length > 0) {
      this.#allowance = nowMs < regularMs ? this.#allowance - 1 : this.#allowance + ALLOWED_PART;
      this.#allowance = Math.min(this.#allowance, MAX_ALLOWANCE);
      this.#overdueMs = Number.POSITIVE_INFINITY;
      this.#lastBatchMs = nowMs;
      for (const link of batch) this.#send(link, nowMs);
      wakeMs = Math.min(wakeMs, nowMs + this.#cycleMs);
    }
    return wakeMs;
  }

  /** The first of those before this node that answers; `undefined` makes it the hub. */
  #parent(): Link | undefined {
    const link = this.#links.find(({ isLost }) => !isLost);
    return link !== undefined && link.rank < this.#rank ? link : undefined;
  }

  /** Whether it is known what a peer lacks. */
  #canCompare({ isLost, rank, knowsThis, acked, have }: Link): boolean {
    if (isLost) return false;
    // A parent has to know of this node besides: it would not tell it anything otherwise. That it is
    // heard does not mean that, if what is heard was meant for a former start of this node.
    return acked !== undefined || (have !== undefined && (knowsThis || rank > this.#rank));
  }

  // Pointers move over what came from the peer itself: that it has.

  #hasUnsent(link: Link): boolean {
    link.sent = this.#skipOwn(link, link.sent);
    // A message begins where the receiver has said to be: the next one would be the same again.
    const isAwaited = link.settled < link.cutAt && link.settled < link.sent;
    return link.sent < this.#log.length && !isAwaited;
  }

  #hasUnsettled(link: Link): boolean {
    link.settled = this.#skipOwn(link, link.settled);
    link.sent = Math.max(link.sent, link.settled);
    return link.settled < this.#log.length;
  }

  #skipOwn({ start }: Link, from: number): number {
    let position = from;
    while (position < this.#log.length && this.#log.sourceAt(position) === start) position++;
    return position;
  }

  #hasForBatch(link: Link): boolean {
    return this.#hasUnsent(link) || link.ackDueSinceMs !== undefined;
  }

  /**
   * When to ask a peer of which nothing is known, or that does not answer.
   *
   * A node that was killed and is the hub again must not be sent everything by everybody: until one
   * has answered, it asks one, then two, then four...
   */
  #askMs(link: Link, parent: Link | undefined, strangers: number): number {
    const againMs = link.askedMs + ASK_MS;
    if (link === parent && this.#hasUnsent(link)) {
      // What was given to this node meanwhile need not wait for the answer.
      const { unansweredSinceMs } = link;
      const spanMs = unansweredSinceMs === undefined ? 0 : link.askedMs - unansweredSinceMs;
      return Math.min(againMs, link.askedMs + Math.max(SOON_MS, spanMs));
    }
    if (link.start === undefined) {
      if (link === parent) return Math.max(againMs, this.#awakeMs);
      const waves = this.#isRecovered ? 1 : 1 + Math.floor(Math.log2(strangers));
      return Math.max(againMs, this.#beganMs + waves * QUIET_START_MS);
    }
    const hasMet = link.acked !== undefined || link.have !== undefined;
    if (hasMet && link !== parent && !this.#hasUnsettled(link)) return Number.POSITIVE_INFINITY;
    return againMs;
  }

  /** When a parent should be sent what is new: so that it comes just before the next batch leaves. */
  #plan(link: Link, nowMs: number): number {
    if (this.#isDirect) return nowMs;
    if (link.plannedMs !== undefined) return link.plannedMs;
    link.newsSinceMs ??= nowMs;
    link.plannedMs = Math.min(this.#aim(link, nowMs), link.newsSinceMs + this.#cycleMs);
    return link.plannedMs;
  }

  /** When to send to a peer so that it arrives just before a batch of its leaves. */
  #aim({ nextBatchMs, roundTrip: { meanMs = 0, jitterMs } }: Link, nowMs: number): number {
    // It has no batch to wait for: it is idle, and sends the next one at once.
    if (nextBatchMs === undefined) return nowMs;
    const slotMs = nextBatchMs - meanMs - jitterMs;
    if (nowMs <= slotMs) return slotMs;
    // Who has missed a batch need not guess when the one after leaves, if it will be told before that.
    // If no batch comes by then, the hub is idle.
    const missedCount = Math.ceil((nowMs - slotMs) / this.#cycleMs);
    return Math.min(slotMs + missedCount * this.#cycleMs, Math.max(nowMs, nextBatchMs + jitterMs));
  }

  /** When a peer that is not served must have its acknowledgement. */
  #ackMs(link: Link): number {
    if (link.ackDueSinceMs === undefined) return Number.POSITIVE_INFINITY;
    // While batches keep coming, there will be news to ride on; when they end, there may be none.
    const dueMs = Math.min(
      link.ackDueSinceMs + ACK_CYCLES * this.#cycleMs,
      (link.nextBatchMs ?? Number.NEGATIVE_INFINITY) + link.roundTrip.jitterMs,
    );
    // One acknowledgement will do for all copies of a message.
    return Math.max(dueMs, link.sentMs + SOON_MS);
  }

  /** How long a peer may take to answer, in ms. */
  #answerMs({ roundTrip }: Link): number {
    // With a slower network too many messages are repeated: better than to repeat them too late.
    const roundTripMs = Math.min(roundTrip.meanMs ?? ROUND_TRIP_MS, 2 * ROUND_TRIP_MS);
    return this.#cycleMs + roundTripMs + PATIENCE_MS;
  }

  #noteSilence(link: Link, parent: Link | undefined, nowMs: number): void {
    if (link.isLost || link.unansweredSinceMs === undefined) return;
    const answerMs = this.#answerMs(link);
    const limitMs = link === parent ? 2 * answerMs : ACK_CYCLES * this.#cycleMs + answerMs;
    if (nowMs - link.unansweredSinceMs < limitMs) return;
    link.isLost = true;
    link.wantsService = false;
    link.plannedMs = undefined;
  }

  #noteAnswer(link: Link, { seen, echo }: Gossip, nowMs: number): void {
    link.knowsThis = true;
    if (echo !== undefined) {
      const [at, heldMs] = echo;
      link.roundTrip.add(Math.max(0, nowMs - at - heldMs));
      const isAnswered = (sentMs = Number.POSITIVE_INFINITY) => at >= Math.floor(sentMs);
      // Whatever was sent later is unanswered still, but it is too early to mind.
      if (isAnswered(link.unansweredSinceMs)) link.unansweredSinceMs = undefined;
      if (isAnswered(link.longSentMs)) link.longSentMs = undefined;
      if (link.isLost && link.unansweredSinceMs === undefined) {
        link.isLost = false;
        link.sent = link.settled;
      }
    }
    if (seen !== undefined && seen <= this.#log.length) {
      link.acked = Math.max(link.acked ?? 0, seen);
      link.settled = Math.max(link.settled, seen);
      link.sent = Math.max(link.sent, seen);
      if (link.acked >= link.syncEnd) link.have = undefined;
    }
  }

  #noteTimes(link: Link, { at, next, serve }: Gossip, nowMs: number): void {
    if (at === undefined || at < link.lastAt) return; // It was overtaken.
    link.lastAt = at;
    link.lastReceivedMs = nowMs;
    link.wantsService = serve === true;
    link.nextBatchMs = next === undefined ? undefined : nowMs + next;
    link.plannedMs = undefined;
  }

  /** News that came just too late for a batch, or was lost before, must not wait for a cycle more. */
  #noteWait(waitedMs: number, nowMs: number): void {
    const leftMs = (1 + LATE_PART) * this.#cycleMs - waitedMs;
    this.#overdueMs = Math.min(this.#overdueMs, nowMs + Math.max(0, leftMs));
  }

  /** Finds out what a peer lacks from what it says to have. */
  #compare(link: Link, have: Counts): void {
    link.have = have;
    link.syncEnd = Number.POSITIVE_INFINITY;
    if (this.#log.isCoveredBy(have)) link.settled = this.#log.length;
    link.sent = link.settled;
  }

  /**
   * Sends own values to everybody. They are shown at once where they arrive, and count for nothing
   * else: whether they do arrive is minded by the hub.
   */
  #sendDirectly(): void {
    const values = this.#unsentDirectly.splice(0);
    if (values.length === 0) return;
    const parent = this.#parent();
    for (const link of this.#links) {
      // The parent gets them in the usual way, and at once too.
      if (link === parent && this.#canCompare(link)) continue;
      this.#outgoing.push({ dest: link.id, body: { type: "shown", values } });
    }
  }

  #ask(link: Link, nowMs: number): void {
    this.#push(link, nowMs, {
      ask: true,
      have: this.#log.counts(),
      news: this.#ownNews(link, nowMs),
    });
    link.askedMs = nowMs;
    link.sent = this.#log.length;
    link.unansweredSinceMs ??= nowMs;
  }

  /** Values that nobody has acknowledged: whoever is asked should have them without being asked. */
  #ownNews(link: Link, nowMs: number): Values[] {
    const acked = Math.max(0, ...this.#links.map((each) => each.acked ?? 0));
    return this.#runs(link, nowMs, acked, (origin) => origin !== this.#start).runs;
  }

  /** As many runs as a peer should be sent in one message. */
  #runs(link: Link, nowMs: number, position: number, skip: Skip) {
    const maxLength = link.longSentMs === undefined ? MAX_NEWS_LENGTH : SHORT_NEWS_LENGTH;
    const found = this.#log.runs(position, skip, maxLength);
    if (found.length > SHORT_NEWS_LENGTH) link.longSentMs = nowMs;
    return found;
  }

  /** Sends what a peer lacks, or asks for it if that is not known. */
  #send(link: Link, nowMs: number, { isAnswer = false } = {}): void {
    if (!this.#canCompare(link) && !isAnswer) {
      this.#ask(link, nowMs);
      return;
    }
    const { have, start } = link;
    const isKnown: Skip = (origin, number, source) =>
      source === start || number < (have?.get(origin) ?? 0);
    const { runs: news, end } = this.#runs(link, nowMs, link.acked ?? 0, isKnown);
    link.sent = end;
    link.cutAt = end < this.#log.length ? end : 0;
    // It has it all, and acknowledges no message without news: so this one must not be repeated.
    if (news.length === 0) link.settled = end;
    if (link.syncEnd === Number.POSITIVE_INFINITY) link.syncEnd = this.#log.length;
    this.#push(link, nowMs, {
      end,
      ...(isAnswer ? { have: this.#log.counts() } : {}),
      ...(news.length > 0 ? { news } : {}),
    });
    if (news.length > 0) link.unansweredSinceMs ??= nowMs;
    // It is told of this node by that, and need not be asked at once.
    if (!link.knowsThis) link.askedMs = nowMs;
  }

  #push(link: Link, nowMs: number, content: Partial<OutgoingGossip>): void {
    const { start, seen, lastAt, lastReceivedMs, newsSinceMs } = link;
    const parent = this.#parent();
    const nextMs = Math.round(this.#lastBatchMs + this.#cycleMs - nowMs);
    this.#outgoing.push({
      dest: link.id,
      body: {
        type: "gossip",
        me: this.#start,
        ...(start === undefined ? {} : { you: start }),
        ...(seen === undefined ? {} : { seen }),
        ...(lastAt < 0 ? {} : { echo: [lastAt, Math.round(nowMs - lastReceivedMs)] }),
        at: Math.floor(nowMs),
        ...(nextMs > 0 ? { next: nextMs } : {}),
        ...(newsSinceMs === undefined ? {} : { waited: Math.round(nowMs - newsSinceMs) }),
        ...(parent === undefined || parent === link ? { serve: true } : {}),
        ...content,
      },
    });
    link.sentMs = nowMs;
    link.newsSinceMs = undefined;
    link.plannedMs = undefined;
    link.ackDueSinceMs = undefined;
  }
}
