/** Broadcast by flooding: a node forwards each new value to its neighbours until they acknowledge it. */
import * as v from "valibot";
import type { Node, NodeId } from "../../lib/vortex/index.ts";
import { Delivery, type DeliveryOptions } from "./delivery.ts";

const Value = v.number();

export interface BroadcastOptions extends DeliveryOptions {
  /** Nodes to forward values to. Defaults to the neighbours in the topology. */
  readonly neighboursOf?: (node: Node) => readonly NodeId[];
}

export function broadcast(node: Node, options: BroadcastOptions = {}): void {
  const { neighboursOf = ({ neighbours }) => neighbours } = options;
  const values = new Set<number>();
  const delivery = new Delivery(node, Value, learn, options);

  function learn(value: number, src?: NodeId): void {
    if (values.has(value)) return;
    values.add(value);
    for (const neighbour of neighboursOf(node)) {
      if (neighbour !== src) delivery.send(neighbour, value);
    }
  }

  node.handle("broadcast", v.object({ message: Value }), ({ body }) => {
    learn(body.message);
    return { type: "broadcast_ok" };
  });
  node.handle("read", v.object({}), () => ({ type: "read_ok", messages: [...values] }));
}
