/**
 * Transactions over registers, read committed and totally available: nodes never wait for each other.
 *
 * A node runs a transaction at once, under a timestamp higher than any it has seen, and sends the
 * final writes to all other nodes as a unit. On each register, the write with the highest timestamp
 * wins. A transaction that reads a write therefore has a higher timestamp than its writer, and
 * write-write and write-read dependencies form no cycle.
 */
import * as v from "valibot";
import type { Node } from "../../lib/vortex/index.ts";
import { Delivery, type DeliveryOptions } from "./delivery.ts";
import { Txn } from "./transactions.ts";

/** Logical time, and the node that assigned it, which breaks ties. */
const Timestamp = v.tuple([v.number(), v.string()]);
type Timestamp = v.InferOutput<typeof Timestamp>;

const Value = v.nullable(v.number());
const Commit = v.object({
  timestamp: Timestamp,
  writes: v.array(v.tuple([v.number(), Value])),
});
type Commit = v.InferOutput<typeof Commit>;

export function lastWriteWins(node: Node, options?: DeliveryOptions): void {
  const registers = new Map<number, { value: number | null; timestamp: Timestamp }>();
  let time = 0;
  const delivery = new Delivery(node, Commit, install, options);

  function install({ timestamp, writes }: Commit): void {
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
    const commit: Commit = { timestamp: [time + 1, node.id], writes: [...writes] };
    install(commit);
    for (const peer of node.peers) delivery.send(peer, commit);
    return { type: "txn_ok", txn };
  });
}

function isLater([time, node]: Timestamp, [otherTime, otherNode]: Timestamp): boolean {
  return time > otherTime || (time === otherTime && node > otherNode);
}
