import type { Host } from "./host.ts";
import { KvClient, TsoClient } from "./kv.ts";
import { Node } from "./node.ts";

/** A node with clients of Maelstrom's services. */
export class KVNode extends Node {
  /** Sequentially consistent: reads may be stale, but a client never goes back in time. */
  readonly seqKv: KvClient;
  /** Linearizable: a read sees every write that was acknowledged before it started. */
  readonly linKv: KvClient;
  /** Eventually consistent, last write wins: an acknowledged write may be lost. */
  readonly lwwKv: KvClient;
  /** Linearizable timestamps. */
  readonly linTso: TsoClient;

  /** @param program Runs when `init` arrives, with this node. */
  constructor(host: Host, program: (node: KVNode) => unknown) {
    super(host, () => program(this));
    this.seqKv = new KvClient(this, "seq-kv");
    this.linKv = new KvClient(this, "lin-kv");
    this.lwwKv = new KvClient(this, "lww-kv");
    this.linTso = new TsoClient(this);
  }
}
