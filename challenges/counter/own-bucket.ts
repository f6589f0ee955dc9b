/**
 * A node's own bucket: a chain of compare-and-sets.
 *
 * Every change replaces the bucket by a successor with a new id and the next version. A change that
 * is repeated, delayed in the network or left over from before a kill therefore enters the chain
 * once, in its place, or never.
 */
import { type KVNode, RpcError, retry } from "../../lib/vortex/index.ts";
import { type Bucket, type BucketStore, NOTHING, type Total } from "./bucket-store.ts";

/** This node's bucket, as it was last stored. */
export class OwnBucket {
  readonly #node: KVNode;
  readonly #store: BucketStore;
  #bucket: Bucket | undefined;
  /** Whether changes from before the last start can no longer happen. */
  #isRecovered = false;

  constructor(node: KVNode, store: BucketStore) {
    this.#node = node;
    this.#store = store;
  }

  get total(): Total {
    return this.#bucket ?? NOTHING;
  }

  /** Finds the bucket of an earlier start of this node, and rules out its late changes. */
  async recover(): Promise<void> {
    this.#bucket = await retry(this.#node, async (timeoutMs) => {
      await this.#store.write(timeoutMs);
      return await this.#store.read(this.#node.id, timeoutMs);
    });
    // A change that was in flight when the node was killed has happened by the time this one has, or
    // fails, since the bucket that it expects is gone.
    await this.add(0);
    this.#isRecovered = true;
  }

  /**
   * Adds to the total, however long that takes. Calls must not overlap.
   *
   * @param onStored Runs in the same step as the total changes.
   * @throws {RpcError} `abort` (14) when the total would no longer be a safe integer.
   */
  async add(delta: number, onStored: () => void = () => {}): Promise<void> {
    for (;;) {
      const from = this.#bucket;
      const { version, total } = this.total;
      const to = { id: this.#node.generateId(), version: version + 1, total: exact(total + delta) };
      const found = await retry(this.#node, (timeoutMs) => this.#replace(from, to, timeoutMs));
      this.#bucket = found;
      if (found.id === to.id) {
        onStored();
        return;
      }
      // A change from before the restart came first: this one goes on top of it.
      this.#node.always(
        !this.#isRecovered,
        "after recovery, only this process changes its bucket",
        { expected: from, found },
      );
      this.#node.sometimes(true, "a change from before the restart came first");
    }
  }

  /** Replaces the bucket, unless another change came first; returns the bucket in place then. */
  async #replace(from: Bucket | undefined, to: Bucket, timeoutMs: number): Promise<Bucket> {
    if (await this.#store.replace(from, to, timeoutMs)) return to;
    await this.#store.write(timeoutMs);
    const found = await this.#store.read(this.#node.id, timeoutMs);
    this.#node.sometimes(found?.id === to.id, "seq-kv refused a change that had happened");
    if (found === undefined || found.id === from?.id) {
      throw new RpcError("temporarily-unavailable", "seq-kv answered from a past state");
    }
    return found;
  }
}

/** Refuses totals that JavaScript cannot hold exactly. */
export function exact(total: number): number {
  if (!Number.isSafeInteger(total)) throw new RpcError("abort", "The total is too large");
  return total;
}
