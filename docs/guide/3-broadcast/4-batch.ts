import * as v from "valibot";
import { type Node, serve } from "vortex";

const Broadcast = v.object({ message: v.number() });
const Gossip = v.object({ messages: v.array(v.number()) });
const GossipOk = v.object({ type: v.literal("gossip_ok") });

const GOSSIP_INTERVAL_MS = 200;

export function broadcast(node: Node): void {
  const values = new Set<number>();
  /** Peer -> values that it has not acknowledged. */
  const unacknowledged = new Map(node.peers.map((peer) => [peer, new Set<number>()]));

  node.every(GOSSIP_INTERVAL_MS, () => {
    for (const [peer, pending] of unacknowledged) {
      if (pending.size === 0) continue;
      const messages = [...pending];
      node.rpc(peer, { type: "gossip", messages }, GossipOk, (result) => {
        if (result.ok) for (const message of messages) pending.delete(message);
      });
    }
  });

  node.handle("broadcast", Broadcast, ({ body: { message } }) => {
    values.add(message);
    for (const pending of unacknowledged.values()) pending.add(message);
    return { type: "broadcast_ok" };
  });

  node.handlePeer("gossip", Gossip, ({ body }) => {
    for (const message of body.messages) values.add(message);
    return { type: "gossip_ok" };
  });

  node.handle("read", v.object({}), () => ({ type: "read_ok", messages: [...values] }));
}

if (import.meta.main) await serve(broadcast);
