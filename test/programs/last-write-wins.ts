/**
 * Transactions over registers on nodes that never wait for each other: read committed, and totally
 * available.
 *
 * A transaction runs at once on the node that is asked, under a timestamp above all that the node
 * has seen; what it leaves behind goes to all others as a whole. On each register the write with
 * the highest timestamp wins. So whoever sees a write has a higher timestamp than its writer, and
 * the dependencies of writes and reads on writes never go round in a circle.
 */
import * as v from "valibot";
import type { Node } from "../../lib/vortex/index.ts";
import { Delivery, type DeliveryOptions } from "./delivery.ts";
import { Txn } from "./transactions.ts";

/** A logical time, and the node whose time it is. */
const Timestamp = v.tuple([v.number(), v.string()]);
type Timestamp = v.InferOutput<typeof Timestamp>;

const Value = v.nullable(v.number());
const Installation = v.object({
  timestamp: Timestamp,
  writes: v.array(v.tuple([v.number(), Value])),
});
type Installation = v.InferOutput<typeof Installation>;

export function lastWriteWins(node: Node, options?: DeliveryOptions): void {
  const registers = new Map<number, { value: number | null; timestamp: Timestamp }>();
  let time = 0;
  const delivery = new Delivery(node, Installation, install, options);

  function install({ timestamp, writes }: Installation): void {
    time = Math.max(time, timestamp[0]);
    for (const [key, value] of writes) {
      const current = registers.get(key);
      if (current === undefined || isLater(timestamp, current.timestamp)) {
        registers.set(key, { value, timestamp });
      }
    }
  }

  node.handle("txn", Txn, ({ body }) => {
    const writes = new Map<number, number | null>();
    const txn = body.txn.map(([f, key, value]) => {
      if (f !== "r") writes.set(key, value);
      const read = writes.has(key) ? writes.get(key) : registers.get(key)?.value;
      return [f, key, read ?? null];
    });
    const installation = { timestamp: [time + 1, node.id] as Timestamp, writes: [...writes] };
    install(installation);
    for (const peer of node.peers) delivery.send(peer, installation);
    return { type: "txn_ok", txn };
  });
}

function isLater([time, node]: Timestamp, [otherTime, otherNode]: Timestamp): boolean {
  return time > otherTime || (time === otherTime && node > otherNode);
}
