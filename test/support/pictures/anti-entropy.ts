/**
 * The program of the README's animation: sends each value once, and lets nodes compare what they hold, so
 * that a value which a partition has dropped comes back.
 */
import * as v from "valibot";
import type { Node } from "../../../lib/vortex/index.ts";

/** Time between two comparisons, in ms. */
const COMPARE_MS = 900;

const Broadcast = v.object({ message: v.number() });
const Compare = v.object({ values: v.array(v.number()) });

export function broadcast(node: Node): void {
  const values = new Set<number>();
  node.inspect(() => values);

  node.handle("broadcast", Broadcast, ({ body: { message } }) => {
    values.add(message);
    for (const peer of node.peers) node.send(peer, { type: "news", message });
    return { type: "broadcast_ok" };
  });

  node.handlePeer("news", Broadcast, ({ body }) => void values.add(body.message));

  node.handlePeer("compare", Compare, ({ src, body }) => {
    for (const message of values) {
      if (!body.values.includes(message)) node.send(src, { type: "news", message });
    }
  });

  // Each node asks the next one.
  const next = node.nodeIds[(node.nodeIds.indexOf(node.id) + 1) % node.nodeIds.length];
  if (next !== undefined) {
    node.every(COMPARE_MS, () => node.send(next, { type: "compare", values: [...values] }));
  }

  node.handle("read", v.object({}), () => ({ type: "read_ok", messages: [...values] }));
}
