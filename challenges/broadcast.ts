/**
 * Challenge 3, broadcast: every value that one node was given reaches all of them.
 *
 * **The hub.** Nodes are ranked by their place in `init`'s list. Each takes the first node before it
 * that answers for its *parent*; the one that finds none is the *hub*. When all is well, this is the
 * first node, and everybody else's parent. A value travels from a leaf to the hub and from there to
 * all others: two network delays, and never more messages than a star has edges.
 *
 * **The cycle.** The hub sends what is new at most once in `flushMs`, one batch to each node, and
 * every message tells how long it will be until the next. From what its own messages took to be
 * answered a leaf knows the way there and back, and sends what it has gathered so that it arrives
 * just before the next batch leaves. So the wait of a value is spread over one cycle, and not two,
 * without a shared clock. Who finds the hub idle sends at once. News says how long it has waited: if it
 * comes too late for a batch, or was lost before, so that it would wait for much more than a cycle,
 * the hub sends the next batch before its time; but only few of them, for each costs as much as any.
 *
 * **Acknowledgements.** A node keeps what it knows in a log, in order of arrival, and each message
 * says up to where the sender has got the receiver's log (`seen`). A message holds everything after
 * what its receiver has acknowledged. So one that is lost costs nothing but time, one that arrives
 * twice nothing, and one that was overtaken nothing. Acknowledgements ride on whatever is sent
 * next, and travel alone only when that takes too long.
 *
 * **The fallback.** A parent that answers nothing is passed over in favour of the next one. Values
 * are numbered by the node that was first given them, its *origin*, so two nodes that meet, after a
 * partition or for the first time, compare how many they have of each origin (`have`), and send what
 * the other lacks. Nodes that cannot reach their hub are served by whom they reach: any node serves
 * those who took it for a parent, and those who found no parent at all.
 *
 * **Why nothing is lost.** A node is at rest only when its parent has acknowledged all it has; the
 * hub, when everybody has. Ranks fall from child to parent, so at rest every node's values are at the
 * first one, and the first one's are everywhere; a node not at rest asks those who do not answer
 * again, until they do. Whoever has passed a node over asks it too, though seldom, for its parent may
 * die before it has told that node. This holds whatever the nodes believe of each other meanwhile, and
 * whatever happens to messages; `test/challenges/broadcast-faults.test.ts` holds it against every
 * fault, and `broadcast-gossip.test.ts` that all rest then. News waits for a cycle at most, and what
 * was lost is repeated a cycle and a round trip later; so once messages arrive again, all nodes are
 * equal within a second, or two cycles.
 *
 * **Death.** A node that was killed comes back empty, under a new name for itself (its *start*), and
 * gets what others have. What only it knew, the values of its last cycle at most, is lost with it; and
 * all is lost if all are killed at once. With `--durable` nothing is: a node appends what it is given
 * to a log of its own in lin-kv, all that waits in one record, before it acknowledges it or tells it
 * to others, and reads the log back when it starts. A hub that dies at rest and never comes back is
 * noticed with the next news only: what it had acknowledged, but not told all others, waits until then.
 *
 * **When nothing is new, nothing is sent.** Only a node's start costs one question and its answer. A
 * node that lacks something and does not answer, dead or cut off, is asked every 400 ms by its hub, and
 * about as often by all others together that have passed it over.
 *
 * Options: `--flush-ms` is the cycle of the hub in ms. A longer one means fewer messages (about
 * nodes / cycle a second, whatever the rate) and a longer way (half a cycle in the median, a whole
 * one at most, besides two network delays). 0 sends each value to all nodes at once, one network
 * delay for as many messages as there are nodes; the hub then only mends. If a node is killed then that
 * has told only some of the others, it may stay so, without `--durable`. `--durable` costs one write,
 * and two network delays, for what comes together.
 *
 * @see Maelstrom workloads, "Broadcast"; Fly.io Gossip Glomers, challenges 3a to 3e
 * @see Almeida, Shoker, Baquero, "Delta State Replicated Data Types" (2018), whose anti-entropy this
 *   is, on a star
 */
import * as v from "valibot";
import {
  Batcher,
  type Cancel,
  type Counts,
  JsonSet,
  KeptJson,
  type KVNode,
  type NodeId,
  OriginLog,
  type Skip,
  StoredLog,
  serve,
  startOnce,
  type Run as Values,
} from "../lib/vortex/index.ts";

const Options = v.object({
  flushMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(60_000)), 400),
  durable: v.optional(v.boolean(), false),
});
type Options = v.InferOutput<typeof Options>;

const Broadcast = v.object({ message: KeptJson });
const Read = v.object({});

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Values of one origin that follow each other: the origin, the number of the first, the values. */
const Run = v.tupleWithRest([v.string(), Count], KeptJson);

/** What nodes tell each other; the fields are as short as is readable, for they are sent often. */
const Gossip = v.object({
  type: v.literal("gossip"),
  /** Which start of the sender this is: a node that was killed comes back as another. */
  me: v.string(),
  /** Which start of the receiver the sender knows; the next three mean nothing to another one. */
  you: v.exactOptional(v.string()),
  /** How much of the receiver's log the sender has. */
  seen: v.exactOptional(Count),
  /** With this message, after all that it has acknowledged, the receiver has the sender's log up to here. */
  end: v.exactOptional(Count),
  /** The `at` of the receiver's latest message, and how long ago that came, in ms. */
  echo: v.exactOptional(v.tuple([v.number(), v.number()])),
  /** The sender's clock, in ms. */
  at: v.exactOptional(v.number()),
  /** How long it will be until the sender's next batch, in ms. */
  next: v.exactOptional(v.number()),
  /** How long the oldest of the news has waited at the sender, in ms. */
  waited: v.exactOptional(v.number()),
  /** The receiver is the sender's parent, or the sender has none: it wants to be served. */
  serve: v.exactOptional(v.literal(true)),
  /** The sender wants to know what the receiver has, at once. */
  ask: v.exactOptional(v.literal(true)),
  /** How many values of each origin the sender has. */
  have: v.exactOptional(v.array(v.tuple([v.string(), Count]))),
  news: v.exactOptional(v.array(Run)),
});
type Gossip = v.InferOutput<typeof Gossip>;

/** Values that the receiver should show at once: they will come in the usual way as well. */
const Shown = v.object({ type: v.literal("shown"), values: v.array(KeptJson) });
type Shown = v.InferOutput<typeof Shown>;

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

/** What a node's timers and its work may be late by even on a quiet machine, in ms. */
const SLACK_MS = 5;
/** To miss a batch costs a cycle: so much of that is paid to miss fewer. */
const SLACK_PART = 1 / 100;

/** What a node knows of another. */
interface Link {
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

type OutgoingGossip = Omit<Gossip, "news"> & { readonly news?: readonly Values[] };

/** A message to be sent. */
export interface Outgoing {
  readonly dest: NodeId;
  readonly body: OutgoingGossip | Shown;
}

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
/** Longer round trips are not reckoned with, in ms. */
const ROUND_TRIP_MAX_MS = 2000;
/** What is taken for a round trip before one was seen, in ms. */
const ROUND_TRIP_MS = 200;
/** How many characters the values in a message may have, about: the rest comes with the next one. */
const MAX_NEWS_LENGTH = 2 ** 20;
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
      if (link.unansweredSinceMs !== undefined && at >= Math.floor(link.unansweredSinceMs)) {
        // Whatever was sent later is unanswered still, but it is too early to mind.
        link.unansweredSinceMs = undefined;
      }
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
      news: this.#ownNews(),
    });
    link.askedMs = nowMs;
    link.sent = this.#log.length;
    link.unansweredSinceMs ??= nowMs;
  }

  /** Values that nobody has acknowledged: whoever is asked should have them without being asked. */
  #ownNews(): Values[] {
    const acked = Math.max(0, ...this.#links.map((link) => link.acked ?? 0));
    return this.#log.runs(acked, (origin) => origin !== this.#start, MAX_NEWS_LENGTH).runs;
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
    const { runs: news, end } = this.#log.runs(link.acked ?? 0, isKnown, MAX_NEWS_LENGTH);
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

function newLink(id: NodeId, rank: number, cycleMs: number): Link {
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

/** One node's part in it: sends what the gossiper says, when it says so, and stores what is to last. */
class Replica {
  readonly #node: KVNode;
  readonly #start: string;
  readonly #gossiper: Gossiper;
  readonly #stored: StoredLog<Values> | undefined;
  readonly #batcher: Batcher<unknown>;
  /** Reads back what earlier starts of this node have stored. */
  readonly #recover: () => Promise<void>;
  #timer: { readonly dueMs: number; readonly cancel: Cancel } | undefined;

  constructor(node: KVNode, { flushMs, durable }: Options) {
    const { id, nodeIds } = node;
    this.#node = node;
    this.#recover = startOnce(node, async () => {
      await this.#stored?.readOn();
      this.#step();
    });
    this.#start = `${id}~${Math.floor(node.random() * 2 ** 31).toString(36)}`;
    const start = this.#start;
    this.#gossiper = new Gossiper({ id, nodeIds, start, flushMs, nowMs: node.nowMs() });
    if (durable) {
      this.#stored = new StoredLog(node, {
        name: `broadcast/${id}`,
        schema: Run,
        onRecord: (run) => this.#gossiper.restore(run),
      });
    }
    this.#batcher = new Batcher(node, { flush: (values) => this.#store(values) });
    this.#step();
  }

  /** All values that are known here. */
  read(): unknown[] {
    return this.#gossiper.values.toArray();
  }

  add(value: unknown): void {
    this.#gossiper.add(value);
  }

  /** Adds a value; resolves once it is stored, if values are to be. */
  async addDurably(value: unknown): Promise<void> {
    if (!this.#gossiper.values.has(value)) await this.#batcher.add(value);
  }

  show(message: Shown): void {
    this.#gossiper.show(message);
    this.heard();
  }

  receive(src: NodeId, message: Gossip): void {
    this.#gossiper.receive(src, message, this.#node.nowMs());
    this.heard();
  }

  /** To be called after whatever was heard: others have been started, and there may be news. */
  heard(): void {
    this.#gossiper.wake(this.#node.nowMs());
    this.#step();
  }

  #step(): void {
    const { messages, wakeMs } = this.#gossiper.step(this.#node.nowMs());
    for (const { dest, body } of messages) this.#node.send(dest, body);
    if (this.#gossiper.isAwake(this.#node.nowMs())) void this.#recover();
    this.#wakeAt(wakeMs);
  }

  #wakeAt(dueMs: number): void {
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    const cancel = this.#node.after(dueMs - this.#node.nowMs(), () => {
      this.#timer = undefined;
      this.#step();
    });
    this.#timer = { dueMs, cancel };
  }

  async #store(values: readonly unknown[]): Promise<void> {
    await this.#recover();
    const run = [this.#start, this.#gossiper.ownCount, ...values] as const;
    while (!(await this.#stored?.append(run))) {
      // A record came in between that was being written when this node was killed.
    }
    this.#gossiper.announce(values);
    this.heard();
  }
}

export function broadcast(node: KVNode, options: Options): void {
  let replica: Replica | undefined;
  // Messages come after init only.
  const here = () => {
    replica ??= new Replica(node, options);
    return replica;
  };

  node.onInit(() => void here());
  node.handle("broadcast", Broadcast, async (request) => {
    const { message } = request.body;
    if (options.durable) await here().addDurably(message);
    else here().add(message);
    node.reply(request, { type: "broadcast_ok" });
    here().heard();
  });
  node.handle("read", Read, (request) => {
    node.reply(request, { type: "read_ok", messages: here().read() });
    here().heard();
  });
  node.handleFromPeers("shown", Shown, (request) => here().show(request.body));
  node.handleFromPeers("gossip", Gossip, (request) => here().receive(request.src, request.body));
}
broadcast.options = Options;

if (import.meta.main) await serve(broadcast);
