/**
 * A counter that all nodes add to. Each node owns a bucket in seq-kv with the total of what was added
 * there; the value is the sum of the totals.
 *
 * Why an acknowledged add counts exactly once, and shows:
 *
 * 1. A bucket is only ever replaced by a compare-and-set from its predecessor: buckets form a chain.
 * 2. Every bucket has a unique id, so a change enters the chain at most once, however often it is sent.
 * 3. An add is acknowledged when its change is in the chain: at least once, too.
 * 4. seq-kv never takes a node back behind its own writes: a read after a write is fresh.
 * 5. Totals carry versions, and a node keeps the newest: what it shows never goes back.
 */
import * as v from "valibot";
import { Batcher, deadline, type KVNode, RpcError, startOnce } from "../../lib/vortex/index.ts";
import { BucketStore } from "./bucket-store.ts";
import { type CounterOptions, READ_LIMIT_MS, START_LIMIT_MS } from "./limits.ts";
import { exact, OwnBucket } from "./own-bucket.ts";
import { PeerTotals } from "./peer-totals.ts";

/** One node's part of a counter. */
export class Counter {
  readonly #node: KVNode;
  readonly #options: CounterOptions;
  readonly #freshMs: number;
  readonly #bucket: OwnBucket;
  readonly #peers: PeerTotals;
  /** Adds that arrive while a write is in flight share the next one. */
  readonly #batcher: Batcher<number>;
  /**
   * Recovers the bucket, at the first request: before that, other nodes may not be on the network yet.
   */
  readonly #start: () => Promise<void>;
  /** The sum of the adds that are acknowledged and not stored. */
  #unstored = 0;

  /** Registers the handler of `local`, by which nodes ask each other for their totals. */
  constructor(node: KVNode, options: CounterOptions) {
    this.#node = node;
    this.#options = options;
    this.#freshMs = options.freshMs ?? (options.durable ? 1000 : 3500);
    const store = new BucketStore(node);
    this.#bucket = new OwnBucket(node, store);
    this.#peers = new PeerTotals(node, store, options.askMs);
    this.#start = startOnce(node, () => this.#bucket.recover());
    this.#batcher = new Batcher(node, {
      flush: (deltas) => {
        node.sometimes(deltas.length > 1, "adds share a write");
        return this.#store(deltas.reduce((sum, delta) => sum + delta, 0));
      },
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
      return { type: "local_ok", ...this.#bucket.total };
    });
  }

  /**
   * Adds a delta, and resolves when it is stored; without durability, at once.
   *
   * @throws {RpcError} after 4 s: `temporarily-unavailable` (11, definite) or `timeout` (0,
   *   indefinite); `abort` (14, definite) when the total would no longer be a safe integer.
   */
  async add(delta: number): Promise<void> {
    if (delta === 0) return;
    if (this.#options.durable) {
      await this.#batcher.add(delta);
      return;
    }
    // What cannot be stored must not be acknowledged.
    await deadline(this.#node, this.#start(), START_LIMIT_MS);
    exact(this.#bucket.total.total + this.#unstored + delta);
    this.#unstored += delta;
    this.#batcher.add(delta).catch((error) => {
      this.#unstored -= delta;
      this.#node.log(`Lost an add of ${delta}: ${error}`);
    });
  }

  /**
   * Returns the sum of all totals.
   *
   * It includes everything stored anywhere `freshMs` before this call, and everything acknowledged on
   * this node; and of each node no older total than an earlier read on this node, even before a
   * restart.
   *
   * @throws {RpcError} `temporarily-unavailable` (11) after 4 s, when neither a peer nor seq-kv has
   *   answered; `abort` (14) when the sum is not a safe integer.
   */
  async read(): Promise<number> {
    return await deadline(this.#node, this.#read(), READ_LIMIT_MS);
  }

  async #read(): Promise<number> {
    const calledMs = this.#node.nowMs();
    await this.#start();
    const sinceMs = calledMs - this.#freshMs;
    // The round in flight may have started for reads that were called earlier.
    while (!this.#peers.areAsOf(sinceMs)) {
      if (this.#node.nowMs() >= calledMs + READ_LIMIT_MS) {
        throw new RpcError("temporarily-unavailable", "The totals of other nodes are not known");
      }
      await this.#peers.refresh(sinceMs);
    }
    // Totals of both signs may leave the safe integers before all of them are added.
    const totals = [this.#bucket.total.total, this.#unstored, ...this.#peers.totals];
    return exact(Number(totals.reduce((sum, total) => sum + BigInt(total), 0n)));
  }

  async #store(delta: number): Promise<void> {
    await this.#start();
    if (delta === 0) return;
    // In one step with the bucket: a read must not see a delta in both, or in neither.
    await this.#bucket.add(delta, () => {
      if (!this.#options.durable) this.#unstored -= delta;
    });
  }
}
