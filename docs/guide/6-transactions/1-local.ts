import * as v from "valibot";
import { type Node, serve } from "vortex";

const Operation = v.tuple([v.picklist(["r", "w"]), v.number(), v.nullable(v.number())]);
const Txn = v.object({ txn: v.array(Operation) });

export function registers(node: Node): void {
  const values = new Map<number, number | null>();

  node.handle("txn", Txn, ({ body }) => {
    const txn = body.txn.map(([name, key, value]) => {
      if (name === "w") values.set(key, value);
      return [name, key, values.get(key) ?? null];
    });
    return { type: "txn_ok", txn };
  });
}

if (import.meta.main) await serve(registers);
