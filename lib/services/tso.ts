/** Returns the timestamps 0, 1, 2, ... in the order of requests. */
import type { AnyBody, NodeId } from "../vortex/index.ts";
import { inReplyTo, type Service } from "./service.ts";

export class TimestampOracle implements Service {
  #next = 0;

  handle(_src: NodeId, body: AnyBody): AnyBody | undefined {
    return body["type"] === "ts" ? inReplyTo(body, { type: "ts_ok", ts: this.#next++ }) : undefined;
  }
}
