import * as v from "valibot";
import { Batcher, type KVNode, serve, startOnce } from "vortex";

const Add = v.object({ delta: v.number() });

const REFRESH_INTERVAL_MS = 500;

/** Each node stores the sum of its own adds under its name. The value is the sum of all sums. */
export function counter(node: KVNode): void {
  const buckets = node.seqKv.of(v.number());
  let own = 0;
  /** Peer -> its bucket, as it was last read. */
  const others = new Map(node.peers.map((peer) => [peer, 0]));

  /** Reads what an earlier life of this node has stored. */
  const recover = startOnce(node, async () => {
    await node.seqKv.write(`fresh/${node.id}`, node.generateId());
    own = await buckets.readOr(node.id, 0);
  });

  const batcher = new Batcher<number>(node, {
    flush: async (deltas) => {
      await recover();
      const next = deltas.reduce((sum, delta) => sum + delta, own);
      if (next !== own) await buckets.write(node.id, next);
      own = next;
    },
  });

  node.handle("add", Add, async ({ body }) => {
    await batcher.add(body.delta);
    return { type: "add_ok" };
  });

  const refresh = async () => {
    await node.seqKv.write(`fresh/${node.id}`, node.generateId());
    for (const peer of node.peers) others.set(peer, await buckets.readOr(peer, 0));
  };

  node.every(REFRESH_INTERVAL_MS, () => {
    refresh().catch((error) => node.log(`Cannot refresh: ${error}`));
  });

  node.handle("read", v.object({}), async () => {
    await recover();
    const value = [...others.values()].reduce((sum, total) => sum + total, own);
    return { type: "read_ok", value };
  });
}

if (import.meta.main) await serve(counter);
