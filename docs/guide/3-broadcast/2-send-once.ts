import * as v from "valibot";
import { type Node, serve } from "vortex";

const Broadcast = v.object({ message: v.number() });

export function broadcast(node: Node): void {
  const values = new Set<number>();

  node.handle("broadcast", Broadcast, ({ body: { message } }) => {
    values.add(message);
    for (const peer of node.peers) node.send(peer, { type: "gossip", message });
    return { type: "broadcast_ok" };
  });

  node.handlePeer("gossip", Broadcast, ({ body }) => {
    values.add(body.message);
  });

  node.handle("read", v.object({}), () => ({ type: "read_ok", messages: [...values] }));
}

if (import.meta.main) await serve(broadcast);
