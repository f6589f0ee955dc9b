import type { Host } from "./host.ts";
import { KvClient, TsoClient } from "./kv.ts";
import { Node } from "./node.ts";

/** A node with Maelstrom's services at hand. */
export class KVNode extends Node {
  /** Sequential: a reader may see a past state, but never goes back. */
  readonly seqKv: KvClient;
  /** Linearizable: a reader sees every write that was acknowledged before it asked. */
  readonly linKv: KvClient;
  /** Last write wins, across replicas: an acknowledged write may get lost. */
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
