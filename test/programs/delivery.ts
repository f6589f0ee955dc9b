/** Reliable delivery over links that drop, delay and duplicate messages. */
import * as v from "valibot";
import type { Node, NodeId } from "../../lib/vortex/index.ts";

export interface DeliveryOptions {
  /** Maximum number of times to send an item. Defaults to no limit. */
  readonly attempts?: number;
}

interface Pending<Item> {
  readonly item: Item;
  attempts: number;
}

const INTERVAL_MS = 200;
const Delivered = v.object({ type: v.literal("delivered") });

/**
 * Sends items to other nodes and resends each until it is acknowledged.
 *
 * Items may arrive several times and in any order, so receiving one must be idempotent and
 * commutative.
 */
export class Delivery<Item> {
  readonly #node: Node;
  readonly #attempts: number;
  readonly #pending = new Map<NodeId, Set<Pending<Item>>>();

  constructor(
    node: Node,
    item: v.GenericSchema<unknown, Item>,
    receive: (item: Item, src: NodeId) => void,
    { attempts = Number.POSITIVE_INFINITY }: DeliveryOptions = {},
  ) {
    this.#node = node;
    this.#attempts = attempts;
    node.handle("deliver", v.object({ items: v.array(item) }), ({ src, body }) => {
      for (const item of body.items) receive(item, src);
      return { type: "delivered" };
    });
    node.every(INTERVAL_MS, () => this.#sendPending());
  }

  send(dest: NodeId, item: Item): void {
    const pending = this.#pending.get(dest) ?? new Set();
    this.#pending.set(dest, pending.add({ item, attempts: 0 }));
  }

  #sendPending(): void {
    for (const [dest, pending] of this.#pending) {
      const batch = [...pending];
      if (batch.length === 0) continue;
      const items = batch.map(({ item }) => item);
      this.#node.rpc(dest, { type: "deliver", items }, Delivered, ({ ok }) => {
        if (ok) for (const entry of batch) pending.delete(entry);
      });
      for (const entry of batch) if (++entry.attempts >= this.#attempts) pending.delete(entry);
    }
  }
}
