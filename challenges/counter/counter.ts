/**
 * A counter that all nodes add to, kept in seq-kv: each node owns a bucket with the total of what it
 * has added, and the value is the sum of the totals.
 *
 * Every change of a bucket is a compare-and-set from the bucket before, and no two buckets are
 * equal. So a change that was delayed, by the network or since before its node was killed, either
 * comes in time or does nothing, and one that is tried again counts once.
 *
 * seq-kv may show a past state. It never takes a node back behind what that node has written, so a
 * read that comes after a write of the same node shows at least what was stored when that was sent.
 *
 * @see Maelstrom documentation, "Services"
 */
import * as v from "valibot";
import {
  Batcher,
  deadline,
  isRpcError,
  type KVNode,
  type KvClient,
  type NodeId,
  RpcError,
  retry,
  startOnce,
} from "../../lib/vortex/index.ts";

const Milliseconds = v.pipe(v.number(), v.minValue(0));

/** The options of a counter, and so of a program that is one. */
export const CounterOptions = v.object({
  /** Whether a delta is stored before it is acknowledged. */
  durable: v.optional(v.boolean(), true),
  /** How long deltas may wait before they are stored, in ms, if they are acknowledged before. */
  storeMs: v.optional(Milliseconds, 2500),
  /** How old what a read shows of another node may be, in ms: 1000, or 3500 if not durable. */
  freshMs: v.optional(Milliseconds),
  /** How long another node has to say its total, in ms, before its bucket is read instead. */
  askMs: v.optional(Milliseconds, 300),
});
export type CounterOptions = v.InferOutput<typeof CounterOptions>;

const SafeInteger = v.pipe(v.number(), v.safeInteger());

/** A node's total. A higher version is newer. */
const Total = v.object({ version: SafeInteger, total: SafeInteger });
type Total = v.InferOutput<typeof Total>;

/** The total of a node that has stored none. */
const NOTHING: Total = { version: 0, total: 0 };

/** What is stored of a node. Its id tells it from all other buckets there ever were. */
const Bucket = v.object({ id: v.string(), ...Total.entries });
type Bucket = v.InferOutput<typeof Bucket>;

const LocalOk = v.object({ type: v.literal("local_ok"), ...Total.entries });

/** How long an add that is not stored before waits for a node that has just started, in ms. */
const START_LIMIT_MS = 4000;
/** How long a read may take in all, in ms: clients wait for 5 s. */
const READ_LIMIT_MS = 4000;
/** How long a read waits for an answer of seq-kv before it tries again, in ms. */
const READ_TIMEOUT_MS = 2000;
/** How long it waits after an error of seq-kv, in ms. */
const READ_BACKOFF_MS = 50;
/** How long a node that did not answer is left alone, in ms: its bucket tells as much. */
const PROBE_MS = 5000;

const NEVER_MS = Number.NEGATIVE_INFINITY;

/** What is known of another node. */
interface Peer {
  readonly id: NodeId;
  /** The newest total that was heard of. */
  latest: Total;
  /** What was stored at this time is part of it; `-Infinity` before anything was heard. */
  asOfMs: number;
  /** When it was asked last. */
  askedMs: number;
  /** Whether it did not answer then. */
  isSilent: boolean;
}

/** A node's part of a counter: what it adds, and what it knows of the totals of all nodes. */
export class Counter {
  readonly #node: KVNode;
  readonly #options: CounterOptions;
  readonly #freshMs: number;
  readonly #batcher: Batcher<number>;
  readonly #buckets: KvClient<Bucket, Bucket>;
  /**
   * Finds this node's bucket again, the first time that it is called: not before the first request,
   * for until then other names may not be known to the network.
   */
  readonly #start: () => Promise<void>;
  /** This node's bucket, as it was stored last. */
  #bucket: Bucket | undefined;
  #peers: readonly Peer[] = [];
  /** When the last write was sent that seq-kv has acknowledged. */
  #writtenMs = NEVER_MS;
  #round: Promise<void> | undefined;
  /** The sum of deltas that are acknowledged and not stored. */
  #unstored = 0;

  /** Registers what nodes ask of each other, `local`. */
  constructor(node: KVNode, options: CounterOptions) {
    this.#node = node;
    this.#options = options;
    this.#buckets = node.seqKv.of(Bucket);
    this.#start = startOnce(node, () => this.#recover());
    this.#freshMs = options.freshMs ?? (options.durable ? 1000 : 3500);
    this.#batcher = new Batcher(node, {
      flush: (deltas) => this.#store(deltas.reduce((sum, delta) => sum + delta, 0)),
      ...(options.durable
        ? {}
        : {
            delayMs: options.storeMs,
            maxItems: Number.POSITIVE_INFINITY,
            timeoutMs: Number.POSITIVE_INFINITY,
          }),
    });
    node.handlePeer("local", v.object({}), async () => {
      await this.#start();
      const { version, total } = this.#total();
      return { type: "local_ok", version, total };
    });
  }

  /**
   * Adds a delta, and resolves when it is stored; without durability, at once.
   *
   * Deltas that come while others are being stored share the next write.
   *
   * @throws {RpcError} after 4 s: `temporarily-unavailable` (11, definite) or `timeout` (0,
   *   indefinite); `abort` (14, definite) when the total would leave the numbers that JavaScript
   *   holds exactly.
   */
  async add(delta: number): Promise<void> {
    if (delta === 0) return;
    if (this.#options.durable) {
      await this.#batcher.add(delta);
      return;
    }
    // What cannot be stored must not be acknowledged.
    await deadline(this.#node, this.#start(), START_LIMIT_MS);
    exact(this.#total().total + this.#unstored + delta);
    this.#unstored += delta;
    this.#batcher.add(delta).catch((error) => {
      this.#unstored -= delta;
      this.#node.log(`Lost ${delta}: ${error}`);
    });
  }

  /**
   * The sum of all totals.
   *
   * It holds whatever was stored `freshMs` before this call, and what is stored of this node by now;
   * and never less than an earlier call on this node's name did, be it before a restart.
   *
   * A node that does not answer holds up the first read only, for `askMs`; from then on its bucket is
   * read.
   *
   * @throws {RpcError} `temporarily-unavailable` (11) after 4 s, when neither a node nor seq-kv has
   *   answered; `abort` (14) when the sum is none of the numbers that JavaScript holds exactly.
   */
  async read(): Promise<number> {
    return await deadline(this.#node, this.#read(), READ_LIMIT_MS);
  }

  async #read(): Promise<number> {
    const calledMs = this.#node.nowMs();
    await this.#start();
    const sinceMs = calledMs - this.#freshMs;
    const isStale = (peer: Peer) => peer.asOfMs < sinceMs;
    // A round that is under way may have been begun for reads that were called before.
    while (this.#peers.some(isStale)) {
      if (this.#node.nowMs() >= calledMs + READ_LIMIT_MS) {
        throw new RpcError("temporarily-unavailable", "Other nodes' totals are not known");
      }
      this.#round ??= this.#refresh(this.#peers.filter(isStale), sinceMs).finally(() => {
        this.#round = undefined;
      });
      await this.#round;
    }
    const others = this.#peers.map(({ latest }) => latest.total);
    const totals = [this.#total().total, this.#unstored, ...others];
    // Totals that go up and down may be too large together before all are added up.
    return exact(Number(totals.reduce((sum, total) => sum + BigInt(total), 0n)));
  }

  #total(): Total {
    return this.#bucket ?? NOTHING;
  }

  async #recover(): Promise<void> {
    this.#peers = this.#node.peers.map((id) => {
      return { id, latest: NOTHING, asOfMs: NEVER_MS, askedMs: NEVER_MS, isSilent: false };
    });
    this.#bucket = await retry(this.#node, async (timeoutMs) => {
      await this.#write(timeoutMs);
      return await this.#readBucket(this.#node.id, timeoutMs);
    });
    // Replaces the bucket by one of the same total. A change that was under way when this node was
    // killed has either come by now, or never will.
    await this.#change(0);
  }

  async #store(delta: number): Promise<void> {
    await this.#start();
    if (delta !== 0) await this.#change(delta);
  }

  /** Adds to this node's bucket, however long that takes. Calls must not overlap. */
  async #change(delta: number): Promise<void> {
    for (;;) {
      const from = this.#bucket;
      const { version, total } = this.#total();
      const to = { id: this.#node.generateId(), version: version + 1, total: exact(total + delta) };
      const found = await retry(this.#node, (timeoutMs) => this.#replace(from, to, timeoutMs));
      this.#bucket = found;
      if (found.id === to.id) {
        // In one step with the bucket: no read may see a delta in both, or in neither.
        if (!this.#options.durable) this.#unstored -= delta;
        return;
      }
      // A change from before the restart came in between: this one goes on top of it.
    }
  }

  /** Replaces the bucket, unless it is another one by now; returns the bucket that is there then. */
  async #replace(from: Bucket | undefined, to: Bucket, timeoutMs: number): Promise<Bucket> {
    const sentMs = this.#node.nowMs();
    try {
      // No bucket is null: if there is one after all, it does not match.
      const options = { createIfNotExists: from === undefined, timeoutMs };
      await this.#node.seqKv.cas(this.#keyOf(this.#node.id), from ?? null, to, options);
      this.#writtenMs = Math.max(this.#writtenMs, sentMs);
      return to;
    } catch (error) {
      const isConflict =
        isRpcError(error, "precondition-failed") || isRpcError(error, "key-does-not-exist");
      if (!isConflict) throw error;
    }
    // It may have been compared with a past state, or have happened at an earlier try.
    await this.#write(timeoutMs);
    const found = await this.#readBucket(this.#node.id, timeoutMs);
    if (found === undefined || found.id === from?.id) {
      throw new RpcError("temporarily-unavailable", "seq-kv looked at a past state");
    }
    return found;
  }

  /** Writes what was never written before: what this node reads next is no older. */
  async #write(timeoutMs: number): Promise<void> {
    const sentMs = this.#node.nowMs();
    const { id, seqKv } = this.#node;
    await seqKv.write(`counter-reads/${id}`, this.#node.generateId(), { timeoutMs });
    this.#writtenMs = Math.max(this.#writtenMs, sentMs);
  }

  #readBucket(id: NodeId, timeoutMs: number): Promise<Bucket | undefined> {
    return this.#buckets.readOr(this.#keyOf(id), undefined, { timeoutMs });
  }

  #keyOf(id: NodeId): string {
    return `counter/${id}`;
  }

  /** Brings what is known of some peers up to date. */
  async #refresh(peers: readonly Peer[], sinceMs: number): Promise<void> {
    let written: Promise<void> | undefined;
    const isWritten = async () => {
      // Adds are writes too: a busy node needs no other.
      if (this.#writtenMs < sinceMs) written ??= this.#write(READ_TIMEOUT_MS);
      await written;
    };
    await Promise.all(
      peers.map(async (peer) => {
        const wasSilent = peer.isSilent;
        // The bucket tells all that was ever shown of it, here too before a restart; the peer itself
        // may not know yet that its last change was stored.
        const isFirst = peer.asOfMs === NEVER_MS;
        const isDue = !wasSilent || this.#node.nowMs() - peer.askedMs >= PROBE_MS;
        const answered = isDue && !isFirst ? this.#ask(peer) : Promise.resolve(false);
        // A silent one is asked now and then to hear whether it is back; nobody waits for that.
        if (wasSilent) answered.catch((error) => this.#node.log(`Cannot ask ${peer.id}: ${error}`));
        else if (await answered) return;
        try {
          await isWritten();
          const asOfMs = this.#writtenMs;
          const bucket = await this.#readBucket(peer.id, READ_TIMEOUT_MS);
          learn(peer, bucket ?? NOTHING, asOfMs);
        } catch (error) {
          if (!isRpcError(error)) throw error;
          // Readers that still wait begin another round.
          await this.#node.sleep(READ_BACKOFF_MS);
        }
      }),
    );
  }

  /** Asks a peer for its total; returns whether it has answered within `askMs`. */
  async #ask(peer: Peer): Promise<boolean> {
    const sentMs = this.#node.nowMs();
    peer.askedMs = sentMs;
    // A late answer is heard all the same: where the network is slow, none comes sooner.
    const options = { timeoutMs: READ_LIMIT_MS };
    const answering = this.#node
      .syncRpc(peer.id, { type: "local" }, LocalOk, options)
      .then((answer) => learn(peer, answer, sentMs));
    try {
      await deadline(this.#node, answering, this.#options.askMs);
      peer.isSilent = false;
    } catch (error) {
      if (!isRpcError(error)) throw error;
      peer.isSilent = true;
    }
    return !peer.isSilent;
  }
}

/** Refuses what is none of the numbers that JavaScript holds exactly. */
function exact(total: number): number {
  if (!Number.isSafeInteger(total)) throw new RpcError("abort", "The total is too large");
  return total;
}

/** Answers may overtake each other: only a newer one counts. */
function learn(peer: Peer, { version, total }: Total, asOfMs: number): void {
  if (version >= peer.latest.version) peer.latest = { version, total };
  peer.asOfMs = Math.max(peer.asOfMs, asOfMs);
}
