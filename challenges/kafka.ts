/**
 * Challenge 5, kafka-style logs: any number of nodes, durable before acknowledged.
 *
 * **Offsets without asking anyone.** Nodes keep one Lamport clock for all keys. Of n nodes, the i-th
 * gives a message that it takes at time t the offset t * n + i: unique, and increasing with time. A
 * node that hears of a later time goes on from there.
 *
 * **A log per node, in lin-kv.** A node appends the messages that it takes to its own log there, all
 * that wait in one record, and acknowledges them when the record is stored. While a record is under
 * way the next one collects; a node that is not busy makes nobody wait. Committed offsets ride on
 * the next record, or on one of their own after a while.
 *
 * **Polls stop at the watermark.** Every node promises the others a time: none of its later records
 * holds a message from before it. Below the lowest promise all messages are known, so what is there
 * can be shown: nothing can appear in between any more. A message from a node counts in the order of
 * that node's records, however the network reorders them.
 *
 * **News** travels between nodes in pushes, one per interval at most: the records that the other has
 * not yet confirmed, the promise, and a confirmation of what came from there. What gets lost is sent
 * again. When nothing is new, nothing is pushed.
 *
 * **What faults do.**
 * - A partition does nothing to sends: lin-kv is not part of it. Polls get new messages later: a
 *   node that has not been heard of for a second is looked up in lin-kv, once a second. If it is its
 *   promise that is missing, an empty record at the end of its log, a fence, takes its place: the
 *   node cut off, paused or dead finds its next record's place taken, and gives that record's
 *   messages later times.
 * - A killed node reads all logs back, some hundred records at a time, and appends an empty record to
 *   its own before anything else: a write delayed from before the kill finds its place taken. It has
 *   lost nothing that was acknowledged but the commits of the last interval, which makes consumers
 *   read again.
 * - An operation that cannot be done for 4 s is answered with an error: a definite one if it was not
 *   begun, else an indefinite one.
 *
 * **`--no-durable`** acknowledges at once, and stores in intervals (`--store-ms`). A kill then loses
 * what was acknowledged in the last of them, and no offset is given twice. There are no fences, for
 * times have been given away: while a node is dead, paused, or idle behind a partition, polls show
 * nothing that came after it was last heard of.
 *
 * The merged logs, and what of them can be polled, are in `kafka/merged-log.ts`.
 *
 * @see Maelstrom workloads, "Kafka"; Fly.io Gossip Glomers, challenge 5
 */
import * as v from "valibot";
import {
  Batcher,
  deadline,
  jsonLength,
  KeptJson,
  type KVNode,
  type NodeId,
  RpcError,
  StoredLog,
  serve,
  startOnce,
  takeChunk,
  withOptions,
} from "../lib/vortex/index.ts";
import { Count, LogRecord, MergedLog } from "./kafka/merged-log.ts";

const Options = v.object({
  /** Whether a message is stored before it is acknowledged. */
  durable: v.optional(v.boolean(), true),
  /** How long news may wait before it is pushed to the other nodes, in ms. */
  pushMs: v.optional(v.pipe(v.number(), v.minValue(1)), 100),
  /** How long messages may wait before they are stored, in ms, if they are acknowledged before. */
  storeMs: v.optional(v.pipe(v.number(), v.minValue(0)), 300),
  /** How long committed offsets may wait before they are stored, in ms. */
  commitMs: v.optional(v.pipe(v.number(), v.minValue(1)), 1000),
});
type Options = v.InferOutput<typeof Options>;

/** A JSON object from keys to offsets; `v.record` would lose the key `__proto__`. */
const Offsets = v.pipe(
  v.custom<{ readonly [key: string]: number }>(isObjectOfIntegers, "must map keys to integers"),
  v.transform((offsets): ReadonlyMap<string, number> => new Map(Object.entries(offsets))),
);

const Send = v.object({ key: v.string(), msg: KeptJson });
const Poll = v.object({ offsets: Offsets });
const CommitOffsets = v.object({ offsets: Offsets });
const ListCommittedOffsets = v.object({ keys: v.array(v.string()) });

/** News for one peer. */
const Push = v.object({
  /** Records of the sender's log, the first of them with this number. */
  from: Count,
  records: v.array(LogRecord),
  /** No record of the sender's after these holds a message from before this time. */
  promise: Count,
  /** How many records of the receiver's log, and which promise of it, the sender knows. */
  knownRecords: Count,
  knownPromise: Count,
  /** Whether the sender waits for the receiver to confirm. */
  isUnconfirmed: v.boolean(),
});

/** How many messages and records a push brings, or one record. */
const MAX_PUSHED = 10_000;
/** How many characters these may have, about. */
const MAX_PUSHED_LENGTH = 2 ** 23;
/** As many for a silent peer: if it is there but slow, repeated pushes must not pile up. */
const MAX_PUSHED_LENGTH_IN_SILENCE = 2 ** 14;
/** How many characters the keys of the committed offsets in a record may have, about. */
const MAX_COMMITS_LENGTH = 2 ** 20;
/** How many of its own records a node keeps for pushing; who lacks more reads them in lin-kv. */
const MAX_KEPT = 10_000;
/** How many messages may be acknowledged and not stored, without durability. */
const MAX_UNSTORED = 100_000;
/** How many characters those may have that wait for the next record, about. */
const MAX_UNSTORED_LENGTH = 2 ** 24;
/** A peer is silent when it has not been heard of for so long; it is looked up as often, in ms. */
const SILENCE_MS = 1000;
/** How long a push waits for its confirmation before it is sent again, in ms. */
const RESEND_MS = 500;
/** How long a request waits for a node that has just started, in ms. */
const START_LIMIT_MS = 4000;

/** What a node knows of another. */
interface Peer {
  readonly id: NodeId;
  readonly index: number;
  readonly log: StoredLog<LogRecord>;
  /** What it is known to know of this node. */
  knownRecords: number;
  knownPromise: number;
  /** What it was last sent, and when. */
  sentRecords: number;
  sentPromise: number;
  sentMs: number;
  /** Whether it waits for a confirmation. */
  isWaiting: boolean;
  heardMs: number;
  lookedUpMs: number;
  isLookedUp: boolean;
}

/** A record of a node's own log, and about how many characters it has. */
interface Kept {
  readonly record: LogRecord;
  readonly length: number;
}

/** One node's part in the logs. */
class Replica {
  readonly #node: KVNode;
  readonly #options: Options;
  readonly #merged: MergedLog;
  readonly #index: number;
  readonly #log: StoredLog<LogRecord>;
  /** The last records of its own log, for pushing. */
  readonly #kept: Kept[] = [];
  readonly #peers: readonly Peer[];
  readonly #batcher: Batcher<LogRecord["messages"][number], number>;
  /** Committed offsets that are not stored yet. */
  readonly #uncommitted = new Map<string, number>();
  /**
   * Reads all logs back and begins to talk to others, the first time that it is called.
   *
   * Not before the first request: until then other names may not be known to the network.
   */
  readonly #start: () => Promise<void>;
  #hasStarted = false;
  /** Settles when the record that is being appended is stored. */
  #appended: Promise<unknown> = Promise.resolve();
  /** The time of the messages that are being appended. */
  #storing: number | undefined;
  /** Of messages that are acknowledged and wait to be stored: the time of the first, and their length. */
  #open: number | undefined;
  #unstoredLength = 0;
  /** The time of the next message that is acknowledged before it is stored. */
  #next = 0;

  constructor(node: KVNode, options: Options) {
    this.#node = node;
    this.#options = options;
    this.#merged = new MergedLog(node.nodeIds.length);
    this.#index = node.nodeIds.indexOf(node.id);
    this.#start = startOnce(node, () => this.#recover());
    this.#log = this.#logOf(node.id, this.#index);
    this.#peers = node.nodeIds.flatMap((id, index): Peer[] =>
      id === node.id ? [] : [newPeer(id, index, this.#logOf(id, index))],
    );
    this.#batcher = new Batcher(node, {
      flush: (messages) => this.#store(messages),
      ...(options.durable
        ? { lengthOf: lengthOfMessage }
        : {
            // All that waits makes up one batch, for its offsets are given; `send` bounds it.
            delayMs: options.storeMs,
            maxItems: MAX_UNSTORED,
            timeoutMs: Number.POSITIVE_INFINITY,
          }),
    });
  }

  /** Appends a message to a key's log, and resolves with its offset. */
  async send(key: string, message: unknown): Promise<number> {
    if (this.#options.durable) {
      const { result: time, index } = await this.#batcher.add([key, message]);
      return this.#merged.offsetOf(this.#index, time + index);
    }
    await deadline(this.#node, this.#start(), START_LIMIT_MS);
    const length = lengthOfMessage([key, message]);
    const isTooLong =
      this.#unstoredLength > 0 && this.#unstoredLength + length > MAX_UNSTORED_LENGTH;
    if (isTooLong || this.#batcher.size >= MAX_UNSTORED) {
      throw new RpcError("temporarily-unavailable", "Too many messages wait to be stored");
    }
    if (this.#open === undefined) {
      this.#next = Math.max(this.#next, this.#merged.end);
      this.#open = this.#next;
    }
    this.#unstoredLength += length;
    this.#batcher.add([key, message]).catch((error) => this.#node.log(`Lost: ${error}`));
    return this.#merged.offsetOf(this.#index, this.#next++);
  }

  poll(offsets: ReadonlyMap<string, number>): { [key: string]: unknown } {
    void this.#start();
    return Object.fromEntries(this.#merged.poll(offsets));
  }

  commit(offsets: ReadonlyMap<string, number>): void {
    void this.#start();
    for (const [key, offset] of offsets) {
      if (this.#merged.commit(key, offset)) this.#uncommitted.set(key, offset);
    }
  }

  async committed(keys: readonly string[]): Promise<{ [key: string]: number }> {
    await deadline(this.#node, this.#start(), START_LIMIT_MS);
    return Object.fromEntries(
      keys.flatMap((key) => {
        const offset = this.#merged.committed(key);
        return offset === undefined ? [] : [[key, offset] as const];
      }),
    );
  }

  receive(src: NodeId, push: v.InferOutput<typeof Push>): void {
    void this.#start();
    const peer = this.#peers.find(({ id }) => id === src);
    if (peer === undefined) return;
    const { from, records, promise } = push;
    for (const [index, record] of records.entries()) peer.log.accept(from + index, record);
    // A promise counts only when all records before it are known; what is missing is in lin-kv.
    if (peer.log.length >= from + records.length) this.#merged.promise(peer.index, promise);
    else this.#inBackground(peer.log.readOn());
    // Pushes may overtake each other: what is taken back here is sent again, and no more.
    peer.knownRecords = push.knownRecords;
    peer.knownPromise = push.knownPromise;
    peer.isWaiting ||= push.isUnconfirmed;
    peer.heardMs = this.#node.nowMs();
  }

  #logOf(id: NodeId, index: number): StoredLog<LogRecord> {
    return new StoredLog(this.#node, {
      name: `kafka/${id}`,
      schema: LogRecord,
      onRecord: (record) => {
        if (index === this.#index) this.#keep(record);
        this.#merged.add(index, record);
        this.#keepPromise();
      },
    });
  }

  #keep(record: LogRecord): void {
    this.#kept.push({ record, length: lengthOfRecord(record) });
    // Many at a time: a long log is read back after a start.
    if (this.#kept.length >= 2 * MAX_KEPT) this.#kept.splice(0, MAX_KEPT);
  }

  async #recover(): Promise<void> {
    const { durable, pushMs, commitMs } = this.#options;
    await Promise.all([this.#log, ...this.#peers.map(({ log }) => log)].map((log) => log.readOn()));
    // Takes the place of a record that was under way when this node was killed. What it promised
    // then was no more than the end of what was stored; but unstored messages may have had times.
    const skipped = durable ? 0 : MAX_UNSTORED;
    const first = () => ({ time: this.#merged.end + skipped, messages: [], commits: [] });
    while (!(await this.#log.append(first()))) {
      // That record was stored in time.
    }
    this.#hasStarted = true;
    this.#keepPromise();

    const nowMs = this.#node.nowMs();
    for (const peer of this.#peers) peer.heardMs = Math.max(peer.heardMs, nowMs);
    this.#node.every(pushMs, () => this.#pushNews());
    this.#node.every(commitMs, () => this.#storeCommits());
    this.#node.every(SILENCE_MS / 2, () => {
      for (const peer of this.#peers) this.#inBackground(this.#lookUp(peer));
    });
  }

  /** Appends messages to the log; resolves with the time of the first. */
  async #store(messages: LogRecord["messages"]): Promise<number> {
    // At once: messages that are acknowledged from here on are of the next batch.
    const given = this.#open;
    this.#storing = given;
    this.#open = undefined;
    this.#unstoredLength = 0;
    await this.#start();
    return await this.#inTurn(async () => {
      try {
        const { time } = await this.#append((commits) => {
          this.#storing = given ?? this.#merged.end;
          return { time: this.#storing, messages, commits };
        });
        return time;
      } finally {
        this.#storing = undefined;
        this.#keepPromise();
      }
    });
  }

  #storeCommits(): void {
    // They ride on the next record, if there will be one.
    if (this.#uncommitted.size === 0 || this.#batcher.size > 0) return;
    const stored = this.#inTurn(() =>
      this.#append((commits) => ({ time: this.#promise(), messages: [], commits })),
    );
    this.#inBackground(stored);
  }

  /** Appends a record with the committed offsets; where a fence was, it is made anew. */
  async #append(make: (commits: LogRecord["commits"]) => LogRecord): Promise<LogRecord> {
    const commits = takeChunk(this.#uncommitted, MAX_COMMITS_LENGTH, lengthOfCommit);
    for (const [key] of commits) this.#uncommitted.delete(key);
    try {
      for (;;) {
        const record = make(commits);
        if (await this.#log.append(record)) return record;
      }
    } catch (error) {
      for (const [key, offset] of commits) {
        if (!this.#uncommitted.has(key)) this.#uncommitted.set(key, offset);
      }
      throw error;
    }
  }

  /** Runs one task after the other: a log has one end. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#appended.then(task);
    this.#appended = result.catch(() => {});
    return result;
  }

  /**
   * No record of this node that is not stored yet will hold a message from before this time.
   *
   * It is no later than the end of what is stored: so it will be known after a restart.
   */
  #promise(): number {
    if (!this.#hasStarted) return 0;
    const { end } = this.#merged;
    return Math.min(end, this.#storing ?? end, this.#open ?? end);
  }

  #keepPromise(): void {
    this.#merged.promise(this.#index, this.#promise());
  }

  #pushNews(): void {
    const confirmed = Math.min(...this.#peers.map(({ knownRecords }) => knownRecords));
    const first = this.#log.length - this.#kept.length;
    const excess = Math.max(confirmed - first, this.#kept.length - MAX_KEPT);
    if (excess > 0) this.#kept.splice(0, excess);
    for (const peer of this.#peers) {
      if (this.#hasNewsFor(peer)) this.#pushTo(peer);
    }
  }

  #hasNewsFor(peer: Peer): boolean {
    if (peer.isWaiting) return true;
    if (!this.#isAheadOf(peer)) return false;
    const nowMs = this.#node.nowMs();
    const isNew = peer.sentRecords < this.#log.length || peer.sentPromise < this.#promise();
    return (isNew && !this.#isSilent(peer)) || nowMs - peer.sentMs >= RESEND_MS;
  }

  #isSilent({ heardMs }: Peer): boolean {
    return this.#node.nowMs() - heardMs >= SILENCE_MS;
  }

  #isAheadOf(peer: Peer): boolean {
    return peer.knownRecords < this.#log.length || peer.knownPromise < this.#promise();
  }

  #pushTo(peer: Peer): void {
    const { length } = this.#log;
    const first = length - this.#kept.length;
    // Others may know of a fence in this log before this node does.
    const from = Math.min(length, Math.max(first, peer.knownRecords));
    const maxLength = this.#isSilent(peer) ? MAX_PUSHED_LENGTH_IN_SILENCE : MAX_PUSHED_LENGTH;
    const records = firstRecords(this.#kept, from - first, maxLength);
    const next = this.#kept[from - first + records.length]?.record;
    const promise = Math.min(this.#promise(), next?.time ?? Number.POSITIVE_INFINITY);
    this.#node.send(peer.id, {
      type: "push",
      from,
      records,
      promise,
      knownRecords: peer.log.length,
      knownPromise: this.#merged.promiseOf(peer.index),
      isUnconfirmed: this.#isAheadOf(peer),
    } satisfies v.InferOutput<typeof Push> & { readonly type: "push" });
    peer.sentRecords = from + records.length;
    peer.sentPromise = promise;
    peer.sentMs = this.#node.nowMs();
    peer.isWaiting = false;
  }

  /** Reads what a silent peer has stored; fences it if it holds the watermark back. */
  async #lookUp(peer: Peer): Promise<void> {
    const sinceMs = this.#node.nowMs() - peer.lookedUpMs;
    if (!this.#isSilent(peer) || peer.isLookedUp || sinceMs < SILENCE_MS) return;
    peer.isLookedUp = true;
    try {
      await peer.log.readOn();
      const { end } = this.#merged;
      if (
        this.#options.durable &&
        this.#isSilent(peer) &&
        this.#merged.promiseOf(peer.index) < end
      ) {
        await peer.log.append({ time: end, messages: [], commits: [] });
      }
    } finally {
      peer.isLookedUp = false;
      peer.lookedUpMs = this.#node.nowMs();
    }
  }

  #inBackground(task: Promise<unknown>): void {
    task.catch((error) => this.#node.log(`Error in the background: ${error}`));
  }
}

/** The records from an index on that one push brings: they keep to both bounds, or are one. */
function firstRecords(kept: readonly Kept[], index: number, maxLength: number): LogRecord[] {
  const fitting = takeChunk(
    kept.slice(index, index + MAX_PUSHED),
    MAX_PUSHED,
    ({ record }) => 1 + record.messages.length,
  );
  return takeChunk(fitting, maxLength, ({ length }) => length).map(({ record }) => record);
}

/** About how many characters a message and its key have as JSON. */
function lengthOfMessage([key, message]: LogRecord["messages"][number]): number {
  return lengthOfKey(key) + jsonLength(message);
}

/** The same of all that is in a record. */
function lengthOfRecord({ messages, commits }: LogRecord): number {
  let length = 0;
  for (const message of messages) length += lengthOfMessage(message);
  for (const commit of commits) length += lengthOfCommit(commit);
  return length;
}

function lengthOfCommit([key]: LogRecord["commits"][number]): number {
  return lengthOfKey(key);
}

/** The same of a key, a number beside it, and what stands in between. */
function lengthOfKey(key: string): number {
  return key.length + 16;
}

function newPeer(id: NodeId, index: number, log: StoredLog<LogRecord>): Peer {
  return {
    id,
    index,
    log,
    knownRecords: 0,
    knownPromise: 0,
    sentRecords: 0,
    sentPromise: 0,
    sentMs: 0,
    isWaiting: false,
    heardMs: 0,
    lookedUpMs: 0,
    isLookedUp: false,
  };
}

function isObjectOfIntegers(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(Number.isSafeInteger)
  );
}

export const kafka = withOptions(Options, (node, options) => {
  const replica = new Replica(node, options);
  node.handle("send", Send, async ({ body }) => {
    return { type: "send_ok", offset: await replica.send(body.key, body.msg) };
  });
  node.handle("poll", Poll, ({ body }) => {
    return { type: "poll_ok", msgs: replica.poll(body.offsets) };
  });
  node.handle("commit_offsets", CommitOffsets, ({ body }) => {
    replica.commit(body.offsets);
    return { type: "commit_offsets_ok" };
  });
  node.handle("list_committed_offsets", ListCommittedOffsets, async ({ body }) => {
    return { type: "list_committed_offsets_ok", offsets: await replica.committed(body.keys) };
  });
  node.handlePeer("push", Push, ({ src, body }) => replica.receive(src, body));
});

if (import.meta.main) await serve(kafka);
