/**
 * The buckets in seq-kv, and how a node reads them without seeing the past.
 *
 * seq-kv is sequentially consistent: it may answer from a past state, but never takes a node back
 * behind that node's own writes. So a read that follows a write sees at least everything that was
 * stored when that write was sent.
 *
 * @see Maelstrom documentation, "Services"
 */
import * as v from "valibot";
import { isRpcError, type KVNode, type KvClient, type NodeId } from "../../lib/vortex/index.ts";

const SafeInteger = v.pipe(v.number(), v.safeInteger());

/** The sum of the adds on one node. A higher version is newer. */
export const Total = v.object({ version: SafeInteger, total: SafeInteger });
export type Total = v.InferOutput<typeof Total>;

/** The total of a node that has stored none. */
export const NOTHING: Total = { version: 0, total: 0 };

/** A node's total as it is stored. No two buckets ever have the same id. */
export const Bucket = v.object({ id: v.string(), ...Total.entries });
export type Bucket = v.InferOutput<typeof Bucket>;

/** The buckets of all nodes, as one node reads and replaces them. */
export class BucketStore {
  readonly #node: KVNode;
  readonly #buckets: KvClient<Bucket, Bucket>;
  #writtenMs = Number.NEGATIVE_INFINITY;

  constructor(node: KVNode) {
    this.#node = node;
    this.#buckets = node.seqKv.of(Bucket);
  }

  /** Send time of the last acknowledged write. Reads show everything stored by then. */
  get writtenMs(): number {
    return this.#writtenMs;
  }

  /** Reads a node's bucket, as it was at {@link writtenMs} or later; `undefined` if it has none. */
  read(id: NodeId, timeoutMs: number): Promise<Bucket | undefined> {
    return this.#buckets.readOr(keyOf(id), undefined, { timeoutMs });
  }

  /** Writes a unique value, so that the reads that follow see what is stored by now. */
  async write(timeoutMs: number): Promise<void> {
    const sentMs = this.#node.nowMs();
    const { id, seqKv } = this.#node;
    await seqKv.write(`counter-reads/${id}`, this.#node.generateId(), { timeoutMs });
    this.#noteWrite(sentMs);
  }

  /**
   * Replaces this node's bucket if it still is `from`; returns whether seq-kv confirmed that.
   *
   * `false` proves nothing: seq-kv may have compared with a past state, or the change may have
   * happened at an earlier attempt.
   */
  async replace(from: Bucket | undefined, to: Bucket, timeoutMs: number): Promise<boolean> {
    const sentMs = this.#node.nowMs();
    try {
      // No bucket is null, so a bucket that exists after all does not match.
      const options = { createIfNotExists: from === undefined, timeoutMs };
      await this.#node.seqKv.cas(keyOf(this.#node.id), from ?? null, to, options);
    } catch (error) {
      const isConflict =
        isRpcError(error, "precondition-failed") || isRpcError(error, "key-does-not-exist");
      if (isConflict) return false;
      throw error;
    }
    this.#noteWrite(sentMs);
    return true;
  }

  #noteWrite(sentMs: number): void {
    this.#writtenMs = Math.max(this.#writtenMs, sentMs);
  }
}

function keyOf(id: NodeId): string {
  return `counter/${id}`;
}
