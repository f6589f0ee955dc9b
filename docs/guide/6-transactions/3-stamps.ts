import * as v from "valibot";
import { type Node, serve } from "vortex";

const Value = v.nullable(v.number());
const Operation = v.tuple([v.picklist(["r", "w"]), v.number(), Value]);
const Txn = v.object({ txn: v.array(Operation) });
const Write = v.object({ key: v.number(), value: Value, clock: v.number(), node: v.string() });
type Write = v.InferOutput<typeof Write>;
const WriteOk = v.object({ type: v.literal("write_ok") });

export function registers(node: Node): void {
  /** Key -> its latest write: the highest clock; of equal clocks, the highest name of a node. */
  const latest = new Map<number, Write>();
  let clock = 0;

  const apply = (write: Write) => {
    clock = Math.max(clock, write.clock);
    const last = latest.get(write.key);
    if (last === undefined || isNewer(write, last)) latest.set(write.key, write);
  };

  const replicate = (peer: string, write: Write) => {
    node.rpc(peer, { type: "write", ...write }, WriteOk, (result) => {
      if (!result.ok) replicate(peer, write);
    });
  };

  node.handle("txn", Txn, ({ body }) => {
    const txn = body.txn.map(([name, key, value]) => {
      if (name === "w") {
        const write = { key, value, clock: clock + 1, node: node.id };
        apply(write);
        for (const peer of node.peers) replicate(peer, write);
      }
      return [name, key, latest.get(key)?.value ?? null];
    });
    return { type: "txn_ok", txn };
  });

  node.handlePeer("write", Write, ({ body }) => {
    apply(body);
    return { type: "write_ok" };
  });
}

function isNewer(one: Write, other: Write): boolean {
  return one.clock > other.clock || (one.clock === other.clock && one.node > other.node);
}

if (import.meta.main) await serve(registers);
