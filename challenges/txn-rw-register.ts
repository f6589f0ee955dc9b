/**
 * Challenges 6a to 6c, totally available transactions: every transaction commits where it arrives,
 * whoever else can be reached.
 *
 * A transaction runs in one go on its node's own copy of the registers, so that reads see what it
 * wrote before, and nobody sees it in part. One that writes gets a stamp: a Lamport clock, and the
 * writer's name where clocks are equal. Every copy keeps the version with the highest stamp of each
 * register, so copies that have merged the same transactions are equal, whatever the order. Whole
 * transactions travel, each batch is merged in one go, and a copy is at all times what some set of
 * whole transactions makes. Hence read atomic: no dirty, intermediate, circular or fractured reads,
 * but lost updates, as in every totally available database.
 *
 * A node tells each of the others what it wrote, until that one acknowledges it: batches carry the
 * acknowledgements of those that came in, so they cost messages only where nothing else is to be
 * said, and a cluster without news is silent. Who comes back empty, or was away for longer than the
 * log of transactions goes back, gets a copy of all registers instead; if that is too long for a
 * message, page after page, each when the one before has come, and takes all pages in at once: one by
 * one they would show transactions in part.
 *
 * A transaction survives the death of its node once one other node has it: by default soon after
 * the answer, with `--durable` before. Then a transaction waits for another node, and is no longer
 * available when there is none. `--flush-ms` is how long news may wait for more, in ms: 50, or 0
 * with `--durable`, where what comes while a batch is under way makes up the next one.
 *
 * A node that has come back and not yet heard from the others stamps by a clock that is behind; what
 * it overwrites blindly in that time may win over it in the end.
 *
 * @see Maelstrom workloads, "Txn-rw-register"; Fly.io Gossip Glomers, challenge 6
 */
import * as v from "valibot";
import {
  type Cancel,
  chunks,
  JsonInteger,
  jsonLength,
  type NodeId,
  RpcError,
  serve,
  takeChunk,
  withOptions,
} from "../lib/vortex/index.ts";

/** Before a node speaks first, so that the others have been started, in ms. */
const START_MS = 250;
/** How long news waits for more, in ms; not at all where a client waits for it to be durable. */
const FLUSH_MS = 50;
/** How long to wait for an acknowledgement that is due before asking again, in ms. */
const RETRY_MS = 350;
/** After how many questions without an answer a node is taken for dead: 3 s and more. */
const DEAD_AFTER_QUESTIONS = 8;
/** How long a durable transaction waits for another node, in ms: clients wait for 5 s. */
const DURABLE_LIMIT_MS = 4000;
/** How many writes are remembered for those who have not acknowledged them. */
const MAX_LOGGED_WRITES = 5000;
/** How many characters the writes in a message have, about; but one transaction always fits. */
const MAX_LENGTH = 2 ** 23;
/** How many characters the clock and the writer of a version have, about. */
const STAMP_LENGTH = 32;

const isRead = v.custom<"r">((name) => name === "r", 'must be "r" or "w"');
const anything = v.custom<unknown>((value) => value !== undefined);
const Read = v.strictTuple([isRead, JsonInteger, anything]);
const Write = v.strictTuple([v.literal("w"), JsonInteger, JsonInteger]);
const MicroOperation = v.lazy((value) => (Array.isArray(value) && value[0] === "w" ? Write : Read));
type MicroOperation = v.InferOutput<typeof MicroOperation>;
const Txn = v.object({ txn: v.array(MicroOperation) });

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Clock = Count;
/** A register's value and the stamp of the transaction that wrote it. */
const Version = v.pipe(v.tuple([JsonInteger, JsonInteger, Clock, v.string()]), v.readonly());
type Version = v.InferOutput<typeof Version>;
/** What a transaction wrote in the end, and its clock; the writer is known from the context. */
const Transaction = v.pipe(
  v.tuple([Clock, v.array(v.tuple([JsonInteger, JsonInteger]))]),
  v.readonly(),
);
type Transaction = v.InferOutput<typeof Transaction>;

/** What nodes tell each other. */
const Replicate = v.object({
  /** Which start of the sender this is from, and which start of the receiver it is for. */
  from: v.string(),
  to: v.exactOptional(v.string()),
  /** The sender has what the receiver wrote up to this clock. */
  has: Clock,
  /** Whether an answer is wanted. */
  asks: v.boolean(),
  /** With this message, or the last page, the receiver has what the sender wrote up to this clock. */
  upTo: v.exactOptional(Clock),
  transactions: v.exactOptional(v.array(Transaction)),
  /** All registers; or one page of them, of so many, from 0, of the sender's so-manieth copy. */
  state: v.exactOptional(v.pipe(v.array(Version), v.readonly())),
  page: v.exactOptional(v.tuple([Count, Count, Count])),
  /** How many pages have come of which copy. */
  got: v.exactOptional(v.tuple([Count, Count])),
});
type Replicate = v.InferOutput<typeof Replicate>;

/** Registers of which each keeps the version with the highest stamp it was ever given. */
export class Registers {
  readonly #versions = new Map<string | number, Version>();

  read(key: JsonInteger): JsonInteger | null {
    return this.#versions.get(identity(key))?.[1] ?? null;
  }

  merge(versions: Iterable<Version>): void {
    for (const version of versions) {
      const id = identity(version[0]);
      const known = this.#versions.get(id);
      if (known === undefined || isNewer(version, known)) this.#versions.set(id, version);
    }
  }

  /** All versions, on as many pages as they need. */
  pages(maxLength: number): (readonly Version[])[] {
    return [...chunks(this.#versions.values(), maxLength, lengthOf)];
  }
}

/** About how many characters a write has, with all that is told of it. */
function lengthOf([key, value]: readonly [JsonInteger, JsonInteger, ...unknown[]]): number {
  return jsonLength(key) + jsonLength(value) + STAMP_LENGTH;
}

function isNewer([, , clock, writer]: Version, [, , otherClock, otherWriter]: Version): boolean {
  return clock === otherClock ? writer > otherWriter : clock > otherClock;
}

/** The same for two integers only if they are equal. Those that are kept as written differ as texts. */
function identity(integer: JsonInteger): string | number {
  if (typeof integer === "number") return integer;
  return integer.rawJSON === "-0" ? 0 : integer.rawJSON;
}

/** The transactions of one node that others may lack, oldest first. */
class Log {
  #transactions: Transaction[] = [];
  #writeCount = 0;
  /** The clock of the last transaction. */
  last = 0;
  /** Transactions up to this clock are not here any more. */
  forgotten = 0;

  add(transaction: Transaction): void {
    const [clock, writes] = transaction;
    this.#transactions.push(transaction);
    this.last = clock;
    this.#writeCount += writes.length;
    if (this.#writeCount > MAX_LOGGED_WRITES) this.#forgetHalf();
  }

  /** The first transactions after a clock, as many as fit into a message. */
  after(clock: number, maxLength: number): Transaction[] {
    const missing = this.#transactions.slice(this.#countUpTo(clock));
    return takeChunk(missing, maxLength, ([, writes]) =>
      writes.reduce((sum, write) => sum + lengthOf(write), 0),
    );
  }

  forget(clock: number): void {
    for (const [at, writes] of this.#transactions.splice(0, this.#countUpTo(clock))) {
      this.#writeCount -= writes.length;
      this.forgotten = at;
    }
  }

  /** Makes room. Who lacks what is lost by it will get all registers. */
  #forgetHalf(): void {
    let writeCount = this.#writeCount;
    for (const [clock, writes] of this.#transactions) {
      if (writeCount <= MAX_LOGGED_WRITES / 2) break;
      writeCount -= writes.length;
      this.forgotten = clock;
    }
    this.forget(this.forgotten);
  }

  #countUpTo(clock: number): number {
    const index = this.#transactions.findIndex(([at]) => at > clock);
    return index < 0 ? this.#transactions.length : index;
  }
}

/** A copy of all registers that is under way to a peer, for it needs several messages. */
interface Copy {
  readonly number: number;
  /** It brings what this node wrote up to this clock. */
  readonly upTo: number;
  readonly pages: readonly (readonly Version[])[];
  /** So many have come. */
  confirmed: number;
}

/** What has come of a copy that a peer sends. */
interface PartialCopy {
  readonly number: number;
  readonly pages: (readonly Version[])[];
}

/** What a node knows of another one. */
interface Peer {
  /** Which start of it was heard of last; `undefined` before the first. */
  incarnation: string | undefined;
  /** It has what this node wrote up to this clock. */
  has: number;
  /** It must get all registers, as they were at this clock or later. */
  needsStateAt: number;
  /** This node has what it wrote up to this clock. */
  heardUpTo: number;
  outgoing: Copy | undefined;
  incoming: PartialCopy | undefined;
  /** Of copies up to this one nothing is wanted any more. */
  lastCopy: number;
  /** Whether it has asked for an answer that it has not got yet. */
  wantsAnswer: boolean;
  /** Whether it answered what it was asked last. */
  isAnswering: boolean;
  /** What it was told last and has not acknowledged, by its clock; 0 stands for a mere question. */
  awaited: number | undefined;
  /** How often it was given up since it spoke last. */
  silence: number;
}

/**
 * One node's copy of the registers, and who lacks what of it: all of the algorithm, but for time.
 *
 * Whoever told a node of a transaction is the one that tells all others; should that one start
 * anew, or not answer for long, each node that it may have told takes over, and sends all its
 * registers to everybody.
 */
export class Replica {
  readonly #incarnation: string;
  readonly #maxLength: number;
  readonly #registers = new Registers();
  readonly #log = new Log();
  readonly #peers: ReadonlyMap<NodeId, Peer>;
  #clock = 1;
  /** How many copies of the registers were made that need several messages. */
  #copies = 0;

  /**
   * @param incarnation A name that no start of any node ever had.
   * @param maxLength How many characters the writes in a message have, about.
   */
  constructor(incarnation: string, peers: readonly NodeId[], maxLength = MAX_LENGTH) {
    this.#incarnation = incarnation;
    this.#maxLength = maxLength;
    this.#peers = new Map(peers.map((peer) => [peer, unknownPeer()]));
  }

  /** Runs a transaction; returns it with its reads filled in. */
  execute(txn: readonly MicroOperation[]): (readonly [string, JsonInteger, JsonInteger | null])[] {
    const writes = new Map<string | number, [key: JsonInteger, value: JsonInteger]>();
    const answer = txn.map((operation) => {
      const [name, key, value] = operation;
      const own = writes.get(identity(key));
      if (name === "r") return [name, key, own?.[1] ?? this.#registers.read(key)] as const;
      writes.set(identity(key), [key, value]);
      return operation;
    });
    if (writes.size > 0) this.#commit([++this.#clock, [...writes.values()]]);
    return answer;
  }

  /** The clock of the last transaction that was executed here. */
  get lastWritten(): number {
    return this.#log.last;
  }

  /** Up to which clock the transactions executed here are on one more node, at least. */
  get replicatedUpTo(): number {
    if (this.#peers.size === 0) return this.#log.last;
    return Math.max(...[...this.#peers.values()].map(({ has }) => has));
  }

  /** What there is to be said to a peer now, if anything; it counts as said. */
  message(to: NodeId): Replicate | undefined {
    const peer = this.#peer(to);
    if (!this.isDue(to)) return undefined;
    const content = this.#contentFor(peer);
    peer.wantsAnswer = false;
    if (content !== undefined) peer.awaited = content.upTo ?? 0;
    const { heardUpTo, incoming } = peer;
    return {
      from: this.#incarnation,
      ...(peer.incarnation === undefined ? {} : { to: peer.incarnation }),
      has: heardUpTo,
      ...(incoming === undefined ? {} : { got: [incoming.number, incoming.pages.length] }),
      asks: content !== undefined,
      ...content,
    };
  }

  /** Whether there is something to be said to a peer. */
  isDue(id: NodeId): boolean {
    const peer = this.#peer(id);
    return peer.wantsAnswer || (peer.awaited === undefined && this.#lacksSomething(peer));
  }

  /** Whether a peer was told something that it has not acknowledged. */
  isAwaited(id: NodeId): boolean {
    return this.#peer(id).awaited !== undefined;
  }

  /** A peer has not answered for a while. */
  giveUp(id: NodeId): void {
    const peer = this.#peer(id);
    peer.awaited = undefined;
    peer.isAnswering = false;
    if (++peer.silence === DEAD_AFTER_QUESTIONS && peer.heardUpTo > 0) this.#takeOver(peer);
  }

  receive(src: NodeId, message: Replicate): void {
    const peer = this.#peer(src);
    if (message.from !== peer.incarnation) this.#meet(peer, message.from);
    // Whatever was meant for a former start of this node builds on what that one had.
    const isForThis = message.to === this.#incarnation;
    if (isForThis) this.#take(peer, message);
    peer.wantsAnswer ||= message.asks || !isForThis;
  }

  #peer(id: NodeId): Peer {
    const peer = this.#peers.get(id);
    if (peer === undefined) throw new Error(`${id} is no peer`);
    return peer;
  }

  #commit(transaction: Transaction): void {
    this.#registers.merge(versionsOf(transaction, this.#incarnation));
    this.#log.add(transaction);
    this.#forget();
  }

  /** Another start of a peer than was known has spoken. */
  #meet(peer: Peer, incarnation: string): void {
    const isRestart = peer.incarnation !== undefined;
    // It has just spoken, so it is there: it gets what it lacks with the first answer.
    Object.assign(peer, unknownPeer(), { incarnation, isAnswering: true });
    // The former start may have told only this node what it wrote.
    if (isRestart) this.#takeOver();
  }

  /** Others get all that this node has: what somebody told it may be nowhere else. */
  #takeOver(dead?: Peer): void {
    this.#clock++;
    for (const peer of this.#peers.values()) if (peer !== dead) peer.needsStateAt = this.#clock;
  }

  #take(peer: Peer, message: Replicate): void {
    const { from, has, upTo = 0, transactions = [], got } = message;
    const state = wholeState(message, peer);
    const versions = transactions.flatMap((transaction) => versionsOf(transaction, from));
    for (const version of state ?? []) versions.push(version);
    this.#registers.merge(versions);
    for (const [, , clock] of versions) this.#clock = Math.max(this.#clock, clock);
    // Messages overtake each other, and each brings all that the one before it did; but pages wait for
    // each other.
    if (state !== undefined) peer.heardUpTo = Math.max(peer.heardUpTo, upTo);
    peer.has = Math.max(peer.has, has);
    peer.isAnswering = true;
    peer.silence = 0;
    if (peer.awaited !== undefined && peer.has >= peer.awaited) peer.awaited = undefined;
    this.#noteCopy(peer, got);
    this.#forget();
  }

  /** Notes how much of a copy has come: it is time for the next page, or for none. */
  #noteCopy(peer: Peer, got: Replicate["got"]): void {
    const copy = peer.outgoing;
    if (copy === undefined) return;
    if (peer.has >= copy.upTo) peer.outgoing = undefined;
    if (got?.[0] !== copy.number || got[1] === copy.confirmed) return;
    // It may be fewer, from a message that was overtaken, or by who has forgotten what it had.
    copy.confirmed = got[1];
    peer.awaited = undefined;
  }

  #lacksSomething(peer: Peer): boolean {
    return peer.has < this.#log.last || this.#lacksState(peer);
  }

  #lacksState({ has, needsStateAt }: Peer): boolean {
    return has < needsStateAt || has < this.#log.forgotten;
  }

  #contentFor(peer: Peer): Pick<Replicate, "upTo" | "transactions" | "state" | "page"> | undefined {
    if (!this.#lacksSomething(peer)) return undefined;
    // What it lacks may be much: who may not be there is only asked.
    if (!peer.isAnswering) return {};
    if (peer.outgoing === undefined && !this.#lacksState(peer)) {
      const transactions = this.#log.after(peer.has, this.#maxLength);
      const [last] = transactions.at(-1) ?? [this.#log.last];
      // With the last one it has all that there is up to now.
      return { upTo: last === this.#log.last ? this.#clock : last, transactions };
    }
    // All registers may be many: nobody gets them twice in a row.
    if (peer.awaited !== undefined) return undefined;
    return this.#copyFor(peer);
  }

  /** All registers, or the next page of them. */
  #copyFor(peer: Peer): Pick<Replicate, "upTo" | "state" | "page"> {
    if (peer.outgoing === undefined) {
      const [upTo, pages] = [this.#clock, this.#registers.pages(this.#maxLength)];
      const [state = [], ...others] = pages;
      if (others.length === 0) return { upTo, state };
      // The same copy to its end, whatever changes: what comes page by page has to fit together.
      peer.outgoing = { number: ++this.#copies, upTo, pages, confirmed: 0 };
    }
    const { number, upTo, pages, confirmed } = peer.outgoing;
    return { upTo, state: pages[confirmed] ?? [], page: [number, confirmed, pages.length] };
  }

  /** Forgets the transactions that everybody has. */
  #forget(): void {
    this.#log.forget(
      [...this.#peers.values()].reduce((least, { has }) => Math.min(least, has), this.#log.last),
    );
  }
}

/** The registers that a message brings, if any; `undefined` as long as there are pages to come. */
function wholeState({ state = [], page }: Replicate, peer: Peer): readonly Version[] | undefined {
  if (page === undefined) return state;
  const [number, index, count] = page;
  if (number <= peer.lastCopy || number < (peer.incoming?.number ?? 0)) return undefined;
  if (peer.incoming?.number !== number) peer.incoming = { number, pages: [] };
  const { pages } = peer.incoming;
  // Only the next one: this has come before, or what came before it has been forgotten.
  if (index !== pages.length) return undefined;
  pages.push(state);
  if (pages.length < count) return undefined;
  peer.incoming = undefined;
  peer.lastCopy = number;
  return pages.flat();
}

function unknownPeer(): Peer {
  return {
    incarnation: undefined,
    has: 0,
    needsStateAt: 1,
    heardUpTo: 0,
    outgoing: undefined,
    incoming: undefined,
    lastCopy: 0,
    wantsAnswer: false,
    isAnswering: false,
    awaited: undefined,
    silence: 0,
  };
}

function versionsOf([clock, writes]: Transaction, writer: string): Version[] {
  return writes.map(([key, value]) => [key, value, clock, writer]);
}

const Options = v.object({
  flushMs: v.optional(v.pipe(v.number(), v.minValue(0))),
  durable: v.optional(v.boolean(), false),
});

export const txnRwRegister = withOptions(Options, (node, options) => {
  const { durable } = options;
  const flushMs = options.flushMs ?? (durable ? 0 : FLUSH_MS);
  const replica = new Replica(node.generateId(), node.peers);
  const retries = new Map<NodeId, Cancel>();
  const waiting = new Set<{ readonly clock: number; readonly end: () => void }>();
  let isFlushing = false;

  node.handle("txn", Txn, ({ body }) => {
    const reply = { type: "txn_ok", txn: replica.execute(body.txn) };
    flushSoon(flushMs);
    return durable ? replication(replica.lastWritten).then(() => reply) : reply;
  });
  node.handlePeer("replicate", Replicate, ({ src, body }) => {
    replica.receive(src, body);
    if (!replica.isAwaited(src)) retries.get(src)?.();
    for (const { clock, end } of waiting) if (clock <= replica.replicatedUpTo) end();
    flushSoon(flushMs);
  });
  flushSoon(START_MS);

  function flushSoon(delayMs: number): void {
    if (isFlushing || !node.peers.some((peer) => replica.isDue(peer))) return;
    isFlushing = true;
    node.after(delayMs, flush);
  }

  function flush(): void {
    isFlushing = false;
    for (const peer of node.peers) {
      const message = replica.message(peer);
      if (message === undefined) continue;
      node.send(peer, { type: "replicate", ...message });
      if (message.asks) retryLater(peer);
    }
  }

  function retryLater(peer: NodeId): void {
    retries.get(peer)?.();
    // No one-shot timer: a node at the end of its input does not wait for those that are not there.
    // An acknowledgement waits as long as news does for something to ride on.
    const cancel = node.every(flushMs + RETRY_MS, () => {
      replica.giveUp(peer);
      flushSoon(flushMs);
    });
    retries.set(peer, cancel);
  }

  /** Resolves when one more node has what was executed here up to a clock. */
  function replication(clock: number): Promise<void> {
    if (clock <= replica.replicatedUpTo) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const cancel = node.after(DURABLE_LIMIT_MS, () => {
        waiting.delete(waiter);
        reject(new RpcError("timeout", "Done, but no other node has acknowledged it yet"));
      });
      const end = () => {
        waiting.delete(waiter);
        cancel();
        resolve();
      };
      const waiter = { clock, end };
      waiting.add(waiter);
    });
  }
});

if (import.meta.main) await serve(txnRwRegister);
