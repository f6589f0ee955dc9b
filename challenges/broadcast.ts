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
 * without a shared clock. Who finds the hub idle sends at once.
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
 * again, until they do. This holds whatever the nodes believe of each other meanwhile, and whatever
 * happens to messages; `test/challenges/broadcast.test.ts` holds it against every fault. A node
 * that was killed comes back empty, and gets what others have. What only it knew, the values of its
 * last cycle at most, are lost with it, unless it stored them first (`--durable`).
 *
 * **When nothing is new, nothing is sent.** Only a node's start costs one question and its answer.
 *
 * Options: `--flush-ms` is the cycle of the hub in ms. A longer one means fewer messages (about
 * nodes / cycle a second, whatever the rate) and a longer way (half a cycle in the median, a whole
 * one at most, besides two network delays). 0 sends each value to all nodes at once, one network
 * delay for as many messages as there are nodes; the hub then only mends. `--durable` stores values
 * in lin-kv before it acknowledges them: one write, and two network delays, for what came together.
 *
 * @see Maelstrom workloads, "Broadcast"; Fly.io Gossip Glomers, challenges 3a to 3e
 * @see Almeida, Shoker, Baquero, "Delta State Replicated Data Types" (2018), whose anti-entropy this
 *   is, on a star
 */
import * as v from "valibot";
import {
  type Cancel,
  type KVNode,
  type NodeId,
  serve,
  stringifyJson,
} from "../lib/vortex/index.ts";

const Options = v.object({
  flushMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(60_000)), 420),
  durable: v.optional(v.boolean(), false),
});
type Options = v.InferOutput<typeof Options>;

const Broadcast = v.object({ message: v.unknown() });
const Read = v.object({});
const Topology = v.object({});

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Values of one origin that follow each other: the origin, the number of the first, the values. */
const Run = v.tupleWithRest([v.string(), Count], v.unknown());
type Run = readonly [string, number, ...unknown[]];

/** What nodes tell each other; the fields are as short as is readable, for they are sent often. */
const Gossip = v.object({
  type: v.literal("gossip"),
  /** Which start of the sender this is: a node that was killed comes back as another. */
  me: v.string(),
  /** Which start of the receiver the sender knows; the next five mean nothing to another one. */
  you: v.exactOptional(v.string()),
  /** How much of the receiver's log the sender has. */
  seen: v.exactOptional(Count),
  /** A receiver that had the sender's log up to `base`, now has it up to `end`. */
  base: v.exactOptional(Count),
  end: v.exactOptional(Count),
  /** The `at` of the receiver's latest message, and how long ago that came, in ms. */
  echo: v.exactOptional(v.tuple([v.number(), v.number()])),
  /** The sender's clock, in ms. */
  at: v.exactOptional(v.number()),
  /** How long it will be until the sender's next batch, in ms. */
  next: v.exactOptional(v.number()),
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
const Shown = v.object({ type: v.literal("shown"), values: v.array(v.unknown()) });
type Shown = v.InferOutput<typeof Shown>;

/**
 * A set of JSON values that also gives each a code: a number of 32 bits.
 *
 * Integers below 2^31 are their own codes and cost a bit each where they lie close together. All
 * others are told apart as they were written: `1`, `1.0` and `"1"` are three values.
 */
export class Values {
  /** Bits of integers, in pages of 512. */
  readonly #pages = new Map<number, Uint32Array>();
  readonly #others: unknown[] = [];
  readonly #codesOfOthers = new Map<string, number>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts a value into the set, if it is not there, and returns its code. */
  add(value: unknown): number {
    return isCode(value) ? this.#addInteger(value) : this.#addOther(value);
  }

  /** Whether a value is in the set. */
  has(value: unknown): boolean {
    if (!isCode(value)) return this.#codesOfOthers.has(stringifyJson(value));
    return ((this.#pages.get(value >>> 9)?.[(value >>> 5) & 15] ?? 0) & (1 << (value & 31))) !== 0;
  }

  /** The value of a code that `add` has returned. */
  valueOf(code: number): unknown {
    return code >= 0 ? code : this.#others[~code];
  }

  /** All values, in no order that means anything. */
  toArray(): unknown[] {
    const values = [...this.#others];
    for (const [page, words] of this.#pages) {
      for (const [index, word] of words.entries()) {
        for (let bits = word; bits !== 0; bits &= bits - 1) {
          values.push((page << 9) + (index << 5) + 31 - Math.clz32(bits & -bits));
        }
      }
    }
    return values;
  }

  #addInteger(value: number): number {
    let words = this.#pages.get(value >>> 9);
    if (words === undefined) {
      words = new Uint32Array(16);
      this.#pages.set(value >>> 9, words);
    }
    const index = (value >>> 5) & 15;
    const word = words[index] ?? 0;
    const bit = 1 << (value & 31);
    if ((word & bit) === 0) this.#size++;
    words[index] = word | bit;
    return value;
  }

  #addOther(value: unknown): number {
    const key = stringifyJson(value);
    const known = this.#codesOfOthers.get(key);
    if (known !== undefined) return known;
    const code = ~this.#others.length;
    this.#others.push(value);
    this.#codesOfOthers.set(key, code);
    this.#size++;
    return code;
  }
}

function isCode(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;
}

/** A list of 32-bit integers that takes four bytes for each, and up to as much again. */
class Integers {
  #items = new Int32Array(16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  at(index: number): number {
    return this.#items[index] ?? 0;
  }

  push(item: number): void {
    if (this.#length === this.#items.length) {
      const items = new Int32Array(2 * this.#length);
      items.set(this.#items);
      this.#items = items;
    }
    this.#items[this.#length++] = item;
  }
}

/** How many values of each origin somebody has: the first so many. */
export type Have = ReadonlyMap<string, number>;

/** Whether an entry of a log is left out. */
type Skip = (position: number, origin: string, number: number) => boolean;

/**
 * What a node knows, in order of arrival: values, each with its origin and with whom it came from.
 *
 * Values of one origin are numbered from 0, and enter in that order, without gaps.
 */
export class Log {
  readonly #values: Values;
  readonly #codes = new Integers();
  readonly #origins = new Integers();
  readonly #sources = new Integers();
  readonly #names: string[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #counts: number[] = [];

  /** @param values Where the log's values are put. */
  constructor(values: Values) {
    this.#values = values;
  }

  get length(): number {
    return this.#codes.length;
  }

  /** How many values of an origin are in the log. */
  countOf(origin: string): number {
    return this.#counts[this.#indexes.get(origin) ?? -1] ?? 0;
  }

  /** The rank of the node that an entry came from. */
  sourceAt(position: number): number {
    return this.#sources.at(position);
  }

  have(): [string, number][] {
    return this.#names.map((name, index) => [name, this.#counts[index] ?? 0]);
  }

  /**
   * Adds those of a run that are not there yet.
   *
   * @returns false when values between the last known one and the first of the run are missing: the
   *   run did not enter the log then.
   */
  merge([origin, first, ...values]: Run, source: number): boolean {
    const count = this.countOf(origin);
    if (first > count) return false;
    const index = this.#indexOf(origin);
    for (const value of values.slice(count - first)) {
      this.#codes.push(this.#values.add(value));
      this.#origins.push(index);
      this.#sources.push(source);
    }
    this.#counts[index] = Math.max(count, first + values.length);
    return true;
  }

  /** The entries from a position on, as runs, but those to be skipped. */
  runs(position: number, skip: Skip): Run[] {
    const nextNumbers = this.#countsAt(position);
    const runs: [string, number, ...unknown[]][] = [];
    const open = new Map<number, [string, number, ...unknown[]]>();
    for (let at = position; at < this.length; at++) {
      const origin = this.#origins.at(at);
      const name = this.#names[origin] ?? "";
      const number = nextNumbers.get(origin) ?? 0;
      nextNumbers.set(origin, number + 1);
      if (skip(at, name, number)) continue;
      const value = this.#values.valueOf(this.#codes.at(at));
      const run = open.get(origin);
      if (run !== undefined && run[1] + run.length - 2 === number) {
        run.push(value);
      } else {
        const begun: [string, number, ...unknown[]] = [name, number, value];
        open.set(origin, begun);
        runs.push(begun);
      }
    }
    return runs;
  }

  /** How many values of each origin come before a position, for the origins that come after it. */
  #countsAt(position: number): Map<number, number> {
    const counts = new Map<number, number>();
    for (let at = position; at < this.length; at++) {
      const origin = this.#origins.at(at);
      counts.set(origin, (counts.get(origin) ?? this.#counts[origin] ?? 0) - 1);
    }
    return counts;
  }

  #indexOf(origin: string): number {
    const known = this.#indexes.get(origin);
    if (known !== undefined) return known;
    this.#indexes.set(origin, this.#names.length);
    this.#counts.push(0);
    return this.#names.push(origin) - 1;
  }
}

/** How long it takes there and back, as TCP estimates it, in ms. */
class RoundTrip {
  #meanMs: number | undefined;
  #deviationMs = 0;

  get meanMs(): number | undefined {
    return this.#meanMs;
  }

  /** What a message's time may differ by, all but seldom. */
  get jitterMs(): number {
    return 3 * this.#deviationMs + SLACK_MS;
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

/** What a node's timers and its work may be late by even on a quiet machine. */
const SLACK_MS = 5;

/** What a node knows of another. */
interface Link {
  readonly id: NodeId;
  readonly rank: number;
  /** Which start of it this is about; `undefined` before anything was heard. */
  start: string | undefined;

  // What it has of this node's log.
  /** It said that it has the log up to here; `undefined` before it said so. */
  acked: number | undefined;
  /** It is known to have the log up to here. */
  settled: number;
  /** Everything up to here was sent to it, or came from it. */
  sent: number;
  /** What it said to have, until it has acknowledged what was sent in answer to that. */
  have: Have | undefined;
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
  /** When its next batch may arrive here. */
  nextBatchMs: number;
  /** When to send it what is new; decided when there is something new. */
  plannedMs: number | undefined;
}

/** A message to be sent. */
export interface Outgoing {
  readonly dest: NodeId;
  readonly body: Gossip | Shown;
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
/** How soon the parent is asked again by a node that has news, in ms; the second time, twice that. */
const SOON_MS = 50;
/** How long a node keeps quiet when it has started and nobody sends it anything, in ms. */
const QUIET_START_MS = 500;
/** The hub's cycle when every value is sent directly, in ms. */
const MENDING_CYCLE_MS = 1000;
/** A node with no news of its own acknowledges after so many cycles. */
const ACK_CYCLES = 3;
/** Longer round trips are not reckoned with, in ms. */
const ROUND_TRIP_MAX_MS = 2000;
/** What is taken for a round trip before one was seen, in ms. */
const ROUND_TRIP_MS = 200;
/** How much longer than expected an answer may take before the message is repeated, in ms. */
const PATIENCE_MS = 150;

/**
 * The algorithm, without network or clock: told what happens and when, it says what to send.
 *
 * After every call, {@link step} must be called, and again when the time comes that it names.
 */
export class Gossiper {
  readonly values = new Values();
  readonly #log = new Log(this.values);
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
    this.#links = nodeIds.flatMap((peer, rank) => (peer === id ? [] : [newLink(peer, rank)]));
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

  /** Takes in a value from a client. */
  add(value: unknown): void {
    // With direct sending, that a value is shown does not mean that it is in the log.
    if (!this.#isDirect && this.values.has(value)) return;
    this.#log.merge([this.#start, this.ownCount, value], this.#rank);
    if (this.#isDirect) this.#unsentDirectly.push(value);
  }

  /** Takes in values that an earlier start of this node has stored. */
  restore(run: Run): void {
    this.#log.merge(run, this.#rank);
  }

  /** Takes in values that a peer has sent to everybody. */
  show({ values }: Shown, nowMs: number): void {
    this.wake(nowMs);
    for (const value of values) this.values.add(value);
  }

  /** Takes in a message of a peer. */
  receive(src: NodeId, message: Gossip, nowMs: number): void {
    const link = this.#linkOf.get(src);
    if (link === undefined) return;
    this.wake(nowMs);
    if (link.start !== message.me)
      Object.assign(link, newLink(link.id, link.rank), { start: message.me });

    const isForMe = message.you === this.#start;
    if (isForMe) this.#noteAnswer(link, message, nowMs);
    this.#noteTimes(link, message, nowMs);

    const news = message.news ?? [];
    const isComplete = news.map((run) => this.#log.merge(run as Run, link.rank)).every(Boolean);
    const { base = 0, end } = message;
    if (isForMe && end !== undefined) {
      if (isComplete && base <= (link.seen ?? 0)) link.seen = Math.max(link.seen ?? 0, end);
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
    if (nowMs >= this.#awakeMs) {
      this.#sendDirectly();
      wakeMs = this.#sendWhatIsDue(nowMs);
    }
    return { messages: this.#outgoing.splice(0), wakeMs };
  }

  #sendWhatIsDue(nowMs: number): number {
    const batchMs = this.#lastBatchMs + this.#cycleMs;
    const parent = this.#parent();
    const batch: Link[] = [];
    let wakeMs = Number.POSITIVE_INFINITY;
    let strangers = 0;
    for (const link of this.#links) {
      const isServed = link !== parent && (parent === undefined || link.wantsService);
      let dueMs = Number.POSITIVE_INFINITY;
      if (link === parent || isServed) {
        this.#noteSilence(link, parent, nowMs);
        if (!canCompare(link)) {
          if (link.start === undefined) strangers++;
          if (link === parent || parent === undefined) dueMs = this.#askMs(link, parent, strangers);
        } else if (isServed && this.#hasForBatch(link)) {
          dueMs = batchMs;
          if (dueMs <= nowMs) batch.push(link);
        } else if (link === parent && this.#hasUnsent(link)) {
          dueMs = this.#plan(link, nowMs);
        }
        if (canCompare(link) && this.#hasUnsettled(link) && link.sent > link.settled) {
          dueMs = Math.min(dueMs, link.sentMs + this.#answerMs(link));
        }
      }
      if (!isServed) dueMs = Math.min(dueMs, this.#ackMs(link));
      if (batch.at(-1) === link) continue;
      if (dueMs <= nowMs) {
        this.#send(link, nowMs);
        // It may be due again, for another reason, at once.
        wakeMs = Math.min(wakeMs, nowMs + 1);
      } else {
        wakeMs = Math.min(wakeMs, dueMs);
      }
    }
    if (batch.length > 0) {
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

  // Pointers move over what came from the peer itself: that it has.

  #hasUnsent(link: Link): boolean {
    while (link.sent < this.#log.length && this.#log.sourceAt(link.sent) === link.rank) link.sent++;
    return link.sent < this.#log.length;
  }

  #hasUnsettled(link: Link): boolean {
    while (link.settled < this.#log.length && this.#log.sourceAt(link.settled) === link.rank) {
      link.settled++;
    }
    link.sent = Math.max(link.sent, link.settled);
    return link.settled < this.#log.length;
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
    return this.#hasUnsettled(link) || link === parent ? againMs : Number.POSITIVE_INFINITY;
  }

  /** When a parent should be sent what is new: so that it comes just before the next batch leaves. */
  #plan(link: Link, nowMs: number): number {
    if (this.#isDirect) return nowMs;
    if (link.plannedMs !== undefined) return link.plannedMs;
    const { meanMs = 0, jitterMs } = link.roundTrip;
    const slotMs = link.nextBatchMs - meanMs - jitterMs;
    // Who has missed one batch waits for it, to aim at the one after. If none comes, the hub is idle.
    const missedMs = link.nextBatchMs + jitterMs;
    link.plannedMs = nowMs <= slotMs ? slotMs : Math.max(nowMs, missedMs);
    return link.plannedMs;
  }

  /** When a peer that is not served must have its acknowledgement. */
  #ackMs(link: Link): number {
    if (link.ackDueSinceMs === undefined) return Number.POSITIVE_INFINITY;
    // While batches keep coming, there will be news to ride on; when they end, there may be none.
    return Math.min(
      link.ackDueSinceMs + ACK_CYCLES * this.#cycleMs,
      link.nextBatchMs + link.roundTrip.jitterMs,
    );
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
    // Without a time to wait for, it would send a batch as soon as there is something for one.
    link.nextBatchMs = next === undefined ? Number.NEGATIVE_INFINITY : nowMs + next;
    link.plannedMs = undefined;
  }

  /** Finds out what a peer lacks from what it says to have. */
  #compare(link: Link, have: Have): void {
    link.have = have;
    link.syncEnd = Number.POSITIVE_INFINITY;
    const lacks = this.#log.runs(0, (_, origin, number) => number < (have.get(origin) ?? 0));
    if (lacks.length === 0) link.settled = this.#log.length;
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
      if (link === parent && canCompare(link)) continue;
      this.#outgoing.push({ dest: link.id, body: { type: "shown", values } });
    }
  }

  #ask(link: Link, nowMs: number): void {
    this.#push(link, nowMs, {
      ask: true,
      have: this.#log.have(),
      news: this.#ownNews(),
    });
    link.askedMs = nowMs;
    link.sent = this.#log.length;
    link.unansweredSinceMs ??= nowMs;
  }

  /** Values that nobody has acknowledged: whoever is asked should have them without being asked. */
  #ownNews(): Run[] {
    const acked = Math.max(0, ...this.#links.map((link) => link.acked ?? 0));
    return this.#log.runs(acked, (_, origin) => origin !== this.#start);
  }

  /** Sends what a peer lacks, or asks for it if that is not known. */
  #send(link: Link, nowMs: number, { isAnswer = false } = {}): void {
    if (!canCompare(link) && !isAnswer) {
      this.#ask(link, nowMs);
      return;
    }
    const { have, rank } = link;
    const base = have === undefined ? (link.acked ?? 0) : 0;
    const news = this.#log.runs(base, (position, origin, number) =>
      have === undefined ? this.#log.sourceAt(position) === rank : number < (have.get(origin) ?? 0),
    );
    link.sent = this.#log.length;
    if (link.syncEnd === Number.POSITIVE_INFINITY) link.syncEnd = this.#log.length;
    this.#push(link, nowMs, {
      base,
      end: this.#log.length,
      ...(isAnswer ? { have: this.#log.have() } : {}),
      ...(news.length > 0 ? { news } : {}),
    });
    if (news.length > 0) link.unansweredSinceMs ??= nowMs;
  }

  #push(
    link: Link,
    nowMs: number,
    content: Omit<Partial<Gossip>, "news"> & { news?: Run[] },
  ): void {
    const { start, seen, lastAt, lastReceivedMs } = link;
    const parent = this.#parent();
    const nextMs = Math.round(this.#lastBatchMs + this.#cycleMs - nowMs);
    const { news, ...rest } = content;
    this.#outgoing.push({
      dest: link.id,
      body: {
        type: "gossip",
        me: this.#start,
        ...(start === undefined ? {} : { you: start }),
        ...(seen === undefined ? {} : { seen }),
        ...(lastAt < 0
          ? {}
          : { echo: [lastAt, Math.round(nowMs - lastReceivedMs)] as [number, number] }),
        at: Math.floor(nowMs),
        ...(nextMs > 0 ? { next: nextMs } : {}),
        ...(parent === undefined || parent === link ? { serve: true as const } : {}),
        ...rest,
        ...(news === undefined
          ? {}
          : { news: news.map((run) => [...run] as [string, number, ...unknown[]]) }),
      },
    });
    link.sentMs = nowMs;
    link.plannedMs = undefined;
    link.ackDueSinceMs = undefined;
  }
}

function newLink(id: NodeId, rank: number): Link {
  return {
    id,
    rank,
    start: undefined,
    acked: undefined,
    settled: 0,
    sent: 0,
    have: undefined,
    syncEnd: 0,
    seen: undefined,
    ackDueSinceMs: undefined,
    unansweredSinceMs: undefined,
    isLost: false,
    wantsService: false,
    askedMs: Number.NEGATIVE_INFINITY,
    sentMs: Number.NEGATIVE_INFINITY,
    roundTrip: new RoundTrip(),
    lastAt: -1,
    lastReceivedMs: 0,
    nextBatchMs: 0,
    plannedMs: undefined,
  };
}

/** Whether it is known what a peer lacks. */
function canCompare({ isLost, acked, have }: Link): boolean {
  return !isLost && (acked !== undefined || have !== undefined);
}

export function broadcast(node: KVNode, { flushMs }: Options): void {
  let gossiper: Gossiper | undefined;
  let timer: { readonly dueMs: number; readonly cancel: Cancel } | undefined;

  const step = () => {
    if (gossiper === undefined) return;
    const { messages, wakeMs } = gossiper.step(node.nowMs());
    for (const { dest, body } of messages) node.send(dest, body);
    if (timer !== undefined && timer.dueMs <= wakeMs) return;
    timer?.cancel();
    timer = undefined;
    if (wakeMs === Number.POSITIVE_INFINITY) return;
    const cancel = node.after(wakeMs - node.nowMs(), () => {
      timer = undefined;
      step();
    });
    timer = { dueMs: wakeMs, cancel };
  };

  node.onInit(() => {
    const start = `${node.id}~${Math.floor(node.random() * 2 ** 31).toString(36)}`;
    const { id, nodeIds } = node;
    gossiper = new Gossiper({ id, nodeIds, start, flushMs, nowMs: node.nowMs() });
    step();
  });
  node.handle("topology", Topology, (request) => {
    node.reply(request, { type: "topology_ok" });
    gossiper?.wake(node.nowMs());
    step();
  });
  node.handle("broadcast", Broadcast, (request) => {
    gossiper?.add(request.body.message);
    node.reply(request, { type: "broadcast_ok" });
    gossiper?.wake(node.nowMs());
    step();
  });
  node.handle("read", Read, (request) => {
    node.reply(request, { type: "read_ok", messages: gossiper?.values.toArray() ?? [] });
    gossiper?.wake(node.nowMs());
    step();
  });
  node.handle("shown", Shown, (request) => {
    gossiper?.show(request.body, node.nowMs());
    step();
  });
  node.handle("gossip", Gossip, (request) => {
    gossiper?.receive(request.src, request.body, node.nowMs());
    step();
  });
}
broadcast.options = Options;

if (import.meta.main) await serve(broadcast);
