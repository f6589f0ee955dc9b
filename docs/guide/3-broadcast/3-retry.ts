import * as v from "valibot";
import { type Node, serve } from "vortex";

const Broadcast = v.object({ message: v.number() });
const GossipOk = v.object({ type: v.literal("gossip_ok") });

export function broadcast(node: Node): void {
  const values = new Set<number>();

  const gossip = (peer: string, message: number) => {
    node.rpc(peer, { type: "gossip", message }, GossipOk, (result) => {
      if (!result.ok) gossip(peer, message);
    });
  };

  node.handle("broadcast", Broadcast, ({ body: { message } }) => {
    values.add(message);
    for (const peer of node.peers) gossip(peer, message);
    return { type: "broadcast_ok" };
  });

  node.handlePeer("gossip", Broadcast, ({ body }) => {
    values.add(body.message);
    return { type: "gossip_ok" };
  });

  node.handle("read", v.object({}), () => ({ type: "read_ok", messages: [...values] }));
}

if (import.meta.main) await serve(broadcast);
