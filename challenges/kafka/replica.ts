/**
 * One node's replica of the logs: it appends to its own log, merges the logs of all nodes, and pushes
 * its news to its peers. `../kafka.ts` says how these make up the algorithm.
 */
import {
  Batcher,
  deadline,
  type KVNode,
  type NodeId,
  RpcError,
  StoredLog,
  startOnce,
  takeChunk,
} from "../../lib/vortex/index.ts";
import { lengthOfCommit, lengthOfMessage } from "./lengths.ts";
import {
  type KafkaOptions,
  MAX_COMMITS_LENGTH,
  MAX_PUSHED_LENGTH,
  MAX_PUSHED_LENGTH_IN_SILENCE,
  MAX_UNSTORED,
  MAX_UNSTORED_LENGTH,
  SILENCE_MS,
  START_LIMIT_MS,
} from "./limits.ts";
import { LogRecord, MergedLog } from "./merged-log.ts";
import { Peer, type Position, type Push } from "./peer.ts";
import { RecentRecords } from "./recent-records.ts";

export class Replica {
  readonly #node: KVNode;
  readonly #options: KafkaOptions;
  readonly #index: number;
  readonly #merged: MergedLog;
  readonly #log: StoredLog<LogRecord>;
  readonly #recent = new RecentRecords();
  readonly #peers: readonly Peer[];
  readonly #batcher: Batcher<LogRecord["messages"][number], number>;
  /** Committed offsets that are not stored yet. */
  readonly #uncommitted = new Map<string, number>();
  /**
   * Reads all logs back and starts sending to peers, at the first request: before that, other nodes may
   * not be on the network yet.
   */
  readonly #start: () => Promise<void>;
  #hasStarted = false;
  /** Settles when the last append has. */
  #appended: Promise<unknown> = Promise.resolve();
  /** The time of the messages that are being appended. */
  #storingTime: number | undefined;
  /** The time of the first message that is acknowledged and waits to be stored. */
  #unstoredTime: number | undefined;
  /** The length of the messages that are acknowledged and wait. */
  #unstoredLength = 0;
  /** The time of the next message that is acknowledged before it is stored. */
  #nextTime = 0;
  /** Time of the last request of a client. */
  #requestedMs = 0;

  constructor(node: KVNode, options: KafkaOptions) {
    this.#node = node;
    this.#options = options;
    this.#merged = new MergedLog(node.nodeIds.length);
    this.#index = node.nodeIds.indexOf(node.id);
    this.#start = startOnce(node, () => this.#recover());
    this.#log = this.#logOf(node.id, this.#index);
    this.#peers = node.nodeIds.flatMap((id, index) =>
      id === node.id ? [] : [new Peer(id, index, this.#logOf(id, index))],
    );
    this.#batcher = new Batcher(node, {
      flush: (messages) => this.#store(messages),
      ...(options.durable
        ? { lengthOf: lengthOfMessage }
        : {
            // All that waits is one batch, since its offsets are given out already; `send` bounds it.
            delayMs: options.storeMs,
            maxItems: MAX_UNSTORED,
            timeoutMs: Number.POSITIVE_INFINITY,
          }),
    });
    const merged = this.#merged;
    node.invariant("a record holds no message from before its node's watermark", () => {
      return merged.keepsWatermarks;
    });
    node.invariant("no message becomes visible before one that is visible", () => merged.isOrdered);
    node.invariant("the own watermark does not pass the end of what is stored", () => {
      return merged.watermarkOf(this.#index) <= merged.end;
    });
  }

  /**
   * Appends a message to a key's log, and resolves with its offset once it is stored; without
   * durability, at once.
   *
   * @throws {RpcError} after 4 s, or `temporarily-unavailable` (11) when too much waits to be stored.
   */
  async send(key: string, message: unknown): Promise<number> {
    this.#noteRequest();
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
    if (this.#unstoredTime === undefined) {
      this.#nextTime = Math.max(this.#nextTime, this.#merged.end);
      this.#unstoredTime = this.#nextTime;
    }
    this.#unstoredLength += length;
    this.#batcher.add([key, message]).catch((error) => {
      this.#node.log(`Lost an acknowledged message: ${error}`);
    });
    return this.#merged.offsetOf(this.#index, this.#nextTime++);
  }

  /** Returns the visible messages of each key from an offset on. */
  poll(offsets: ReadonlyMap<string, number>): { [key: string]: unknown } {
    this.#noteRequest();
    void this.#start();
    return Object.fromEntries(this.#merged.poll(offsets));
  }

  commit(offsets: ReadonlyMap<string, number>): void {
    this.#noteRequest();
    void this.#start();
    for (const [key, offset] of offsets) {
      if (this.#merged.commit(key, offset)) this.#uncommitted.set(key, offset);
    }
  }

  async committed(keys: readonly string[]): Promise<{ [key: string]: number }> {
    this.#noteRequest();
    await deadline(this.#node, this.#start(), START_LIMIT_MS);
    return Object.fromEntries(
      keys.flatMap((key) => {
        const offset = this.#merged.committed(key);
        return offset === undefined ? [] : [[key, offset] as const];
      }),
    );
  }

  /** Takes in a peer's news. */
  receive(src: NodeId, push: Push): void {
    void this.#start();
    const peer = this.#peers.find(({ id }) => id === src);
    if (peer === undefined) return;
    const { from, records, watermark } = push;
    for (const [index, record] of records.entries()) peer.log.accept(from + index, record);
    // A watermark counts once all records before it are known. Missing ones are in lin-kv.
    const isComplete = peer.log.length >= from + records.length;
    this.#node.sometimes(!isComplete, "a push leaves a gap, which is read in lin-kv");
    if (isComplete) this.#merged.raiseWatermark(peer.index, watermark);
    else this.#inBackground(peer.log.readOn());
    peer.receive(push, this.#node.nowMs());
  }

  #noteRequest(): void {
    this.#requestedMs = this.#node.nowMs();
  }

  #logOf(id: NodeId, index: number): StoredLog<LogRecord> {
    return new StoredLog(this.#node, {
      name: `kafka/${id}`,
      schema: LogRecord,
      onRecord: (record) => {
        if (index === this.#index) this.#recent.add(record);
        this.#merged.add(index, record);
        this.#raiseOwnWatermark();
      },
    });
  }

  async #recover(): Promise<void> {
    const { durable, pushMs, commitMs } = this.#options;
    await Promise.all([this.#log, ...this.#peers.map(({ log }) => log)].map((log) => log.readOn()));
    this.#node.sometimes(this.#log.length > 0, "a restarted node finds its log");
    // Takes the place of a record that was in flight when this node was killed. The watermark was no
    // later than the end of what was stored; but messages that were not stored may have had times.
    const skipped = durable ? 0 : MAX_UNSTORED;
    await this.#log.append(() => ({ time: this.#merged.end + skipped, messages: [], commits: [] }));
    this.#hasStarted = true;
    this.#raiseOwnWatermark();

    for (const peer of this.#peers) peer.expect(this.#node.nowMs());
    this.#node.every(pushMs, () => this.#pushNews());
    this.#node.every(commitMs, () => this.#storeCommits());
    this.#node.every(SILENCE_MS / 2, () => this.#lookUpSilentPeers());
  }

  /** Appends messages to the own log; resolves with the time of the first. */
  async #store(messages: LogRecord["messages"]): Promise<number> {
    // Synchronously: messages that are acknowledged from here on belong to the next batch.
    const given = this.#unstoredTime;
    this.#storingTime = given;
    this.#unstoredTime = undefined;
    this.#unstoredLength = 0;
    await this.#start();
    return await this.#serialize(async () => {
      try {
        const { time } = await this.#append((commits) => {
          this.#storingTime = given ?? this.#merged.end;
          return { time: this.#storingTime, messages, commits };
        });
        return time;
      } finally {
        this.#storingTime = undefined;
        this.#raiseOwnWatermark();
      }
    });
  }

  #storeCommits(): void {
    // They ride on the next record, if one is coming.
    if (this.#uncommitted.size === 0 || this.#batcher.size > 0) return;
    const stored = this.#serialize(() =>
      this.#append((commits) => ({ time: this.#ownWatermark(), messages: [], commits })),
    );
    this.#inBackground(stored);
  }

  /** Appends a record with the committed offsets. Rebuilds it if a fence took its slot. */
  async #append(build: (commits: LogRecord["commits"]) => LogRecord): Promise<LogRecord> {
    const commits = takeChunk(this.#uncommitted, MAX_COMMITS_LENGTH, lengthOfCommit);
    for (const [key] of commits) this.#uncommitted.delete(key);
    let attempts = 0;
    try {
      return await this.#log.append(() => {
        this.#node.sometimes(attempts++ > 0, "a fence takes the place of a record");
        return build(commits);
      });
    } catch (error) {
      for (const [key, offset] of commits) {
        if (!this.#uncommitted.has(key)) this.#uncommitted.set(key, offset);
      }
      throw error;
    }
  }

  /** Runs one task after the other: a log has one end. */
  #serialize<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#appended.then(task);
    this.#appended = result.catch(() => {});
    return result;
  }

  /**
   * No record of this node that is not stored yet will hold a message from before this time.
   *
   * At most the end of what is stored, so that it is known after a restart.
   */
  #ownWatermark(): number {
    if (!this.#hasStarted) return 0;
    const { end } = this.#merged;
    return Math.min(end, this.#storingTime ?? end, this.#unstoredTime ?? end);
  }

  #raiseOwnWatermark(): void {
    this.#merged.raiseWatermark(this.#index, this.#ownWatermark());
  }

  #ownPosition(): Position {
    return { records: this.#log.length, watermark: this.#ownWatermark() };
  }

  #pushNews(): void {
    this.#recent.trim(Math.min(...this.#peers.map((peer) => peer.acknowledgedRecords)));
    const own = this.#ownPosition();
    for (const peer of this.#peers) {
      if (peer.isPushDue(own, this.#node.nowMs())) this.#pushTo(peer, own);
    }
  }

  #pushTo(peer: Peer, own: Position): void {
    const nowMs = this.#node.nowMs();
    // A peer may have read a fence in this log before this node has.
    const from = Math.min(own.records, Math.max(this.#recent.start, peer.acknowledgedRecords));
    const isSilent = peer.isSilent(nowMs);
    const maxLength = isSilent ? MAX_PUSHED_LENGTH_IN_SILENCE : MAX_PUSHED_LENGTH;
    const records = this.#recent.from(from, maxLength);
    const next = this.#recent.at(from + records.length);
    const watermark = Math.min(own.watermark, next?.time ?? Number.POSITIVE_INFINITY);
    this.#node.send(peer.id, {
      type: "push",
      from,
      records,
      watermark,
      knownRecords: peer.log.length,
      knownWatermark: this.#merged.watermarkOf(peer.index),
      wantsAck: peer.lacks(own),
    } satisfies Push & { readonly type: "push" });
    peer.pushed({ records: from + records.length, watermark }, nowMs);
  }

  /** Reads in lin-kv what silent peers have stored, as long as a client or the watermark needs it. */
  #lookUpSilentPeers(): void {
    const nowMs = this.#node.nowMs();
    for (const peer of this.#peers) {
      const wantedMs = this.#holdsBack(peer) ? nowMs : this.#requestedMs;
      if (!peer.isLookUpDue(wantedMs, nowMs)) continue;
      this.#inBackground(
        peer.lookUp(
          () => this.#node.nowMs(),
          () => this.#readLogOf(peer),
        ),
      );
    }
  }

  /** Reads a silent peer's log, and fences it if the peer still holds the watermark back. */
  async #readLogOf(peer: Peer): Promise<void> {
    await peer.log.readOn();
    const isSilent = peer.isSilent(this.#node.nowMs());
    if (this.#options.durable && isSilent && this.#holdsBack(peer)) {
      const fence = { time: this.#merged.end, messages: [], commits: [] };
      const isFenced = await peer.log.tryAppend(fence);
      this.#node.sometimes(isFenced, "a silent peer's log is fenced");
      this.#node.sometimes(!isFenced, "a silent peer has stored a record after all");
    }
  }

  #holdsBack(peer: Peer): boolean {
    return this.#merged.watermarkOf(peer.index) < this.#merged.end;
  }

  #inBackground(task: Promise<unknown>): void {
    task.catch((error) => this.#node.log(`Error in the background: ${error}`));
  }
}
