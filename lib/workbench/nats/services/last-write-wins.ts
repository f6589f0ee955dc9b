/**
 * lww-kv: a store whose last write wins.
 *
 * Each write is added to the log without a condition, a compare-and-set's too: of two that succeed on
 * the same value, the last one remains. A read returns what any replica has, so it may be older than
 * one before.
 */
import { stringifyJson } from "../../../protocol/json.ts";
import type { AnyBody } from "../../../protocol/message.ts";
import { applyToKey, type Entry } from "../../../services/kv.ts";
import { orNull } from "../../../services/service.ts";
import { type Bucket, doubtOf } from "./bucket.ts";
import type { Deadline } from "./deadline.ts";
import { outcomeUnknown, unavailable } from "./errors.ts";
import { bucketKey } from "./key.ts";

export class LastWriteWinsKv {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /**
   * Handles a request and returns the reply; `undefined` for an unknown request type.
   *
   * @throws {RpcError} if the request could not be carried out, or not certainly.
   */
  async handle(body: AnyBody, requestId: string, deadline: Deadline): Promise<AnyBody | undefined> {
    const key = bucketKey(orNull(body["key"]));
    const entry = body["type"] === "write" ? undefined : await this.#read(key, deadline);
    // Maelstrom's lww-kv ignores create_if_not_exists.
    const outcome = applyToKey(entry, { ...body, create_if_not_exists: false });
    if (outcome === undefined) return undefined;
    const [after, reply] = outcome;
    if (after !== undefined && after !== entry) {
      await this.#write(key, stringifyJson(after.value), requestId, deadline);
    }
    return reply;
  }

  async #read(key: string, deadline: Deadline): Promise<Entry> {
    for (;;) {
      const read = await this.#bucket.read(key, deadline.readMs);
      if (read.type === "version") return read.version.entry;
      if (read.type === "none") return undefined;
      if (deadline.isOver) throw unavailable(this.#bucket.name);
      await deadline.pause();
    }
  }

  async #write(key: string, value: string, requestId: string, deadline: Deadline): Promise<void> {
    const result = await this.#bucket.publishUntil({ key, value, requestId }, deadline);
    if (result.type !== "stored") throw outcomeUnknown(this.#bucket.name, doubtOf(result));
  }
}
