/**
 * lin-tso: timestamps that grow with each request.
 *
 * A timestamp is the place of a message in a log. A message that got no answer leaves a gap. Maelstrom's
 * service leaves none: its timestamps are 0, 1, 2, ...
 */
import type { AnyBody } from "../../../protocol/message.ts";
import type { Bucket } from "./bucket.ts";
import type { Deadline } from "./deadline.ts";
import { unavailable } from "./errors.ts";

export class Timestamps {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /**
   * Handles a request and returns the reply; `undefined` for an unknown request type.
   *
   * @throws {RpcError} `temporarily-unavailable`.
   */
  async handle(
    body: AnyBody,
    _requestId: string,
    deadline: Deadline,
  ): Promise<AnyBody | undefined> {
    if (body["type"] !== "ts") return undefined;
    for (;;) {
      const result = await this.#bucket.publish({ key: "ts", value: "null" }, deadline.attemptMs);
      if (result.type === "stored") return { type: "ts_ok", ts: result.revision - 1 };
      if (deadline.isOver) throw unavailable(this.#bucket.name);
      await deadline.pause();
    }
  }
}
