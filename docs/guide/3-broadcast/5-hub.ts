import * as v from "valibot";
import { type Node, serve, withOptions } from "vortex";

const Broadcast = v.object({ message: v.number() });
const Gossip = v.object({ messages: v.array(v.number()) });
const GossipOk = v.object({ type: v.literal("gossip_ok") });

const Options = v.object({
  /** Time between two batches from the hub to a node, in ms. */
  flushMs: v.optional(v.pipe(v.number(), v.minValue(1)), 150),
});

/** The first node is the hub. The others send it their values, and it sends them to all others. */
export const broadcast = withOptions(Options, (node: Node, { flushMs }) => {
  const hub = node.nodeIds[0];
  const isHub = node.id === hub;
  const neighbours = isHub ? node.peers : node.peers.filter((peer) => peer === hub);
  const values = new Set<number>();
  const links = neighbours.map((peer) => ({ peer, pending: new Set<number>(), isBusy: false }));
  type Link = (typeof links)[number];

  const flush = (link: Link) => {
    const { peer, pending } = link;
    if (pending.size === 0 || link.isBusy) return;
    link.isBusy = true;
    const messages = [...pending];
    node.rpc(peer, { type: "gossip", messages }, GossipOk, (result) => {
      link.isBusy = false;
      if (result.ok) for (const message of messages) pending.delete(message);
      if (!isHub) flush(link);
    });
  };

  const learn = (messages: readonly number[], from?: string) => {
    const fresh = messages.filter((message) => !values.has(message));
    for (const message of fresh) values.add(message);
    for (const link of links) {
      if (link.peer === from) continue;
      for (const message of fresh) link.pending.add(message);
      if (!isHub) flush(link);
    }
  };

  if (isHub) node.every(flushMs, () => links.forEach(flush));

  node.handle("broadcast", Broadcast, ({ body }) => {
    learn([body.message]);
    return { type: "broadcast_ok" };
  });

  node.handlePeer("gossip", Gossip, ({ src, body }) => {
    learn(body.messages, src);
    return { type: "gossip_ok" };
  });

  node.handle("read", v.object({}), () => ({ type: "read_ok", messages: [...values] }));
});

if (import.meta.main) await serve(broadcast);
