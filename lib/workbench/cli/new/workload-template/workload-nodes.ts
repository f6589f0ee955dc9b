/** Nodes for NAME.ts: one program that is right, and one that is not. */
import * as v from "valibot";
import { type KVNode, type Node, serve } from "vortex";

const Value = v.nullable(v.number());
const Write = v.object({ value: v.number() });

/** Keeps the value in the service lin-kv, which all nodes share. */
export function shared(node: KVNode): void {
  const store = node.linKv.of(Value);

  node.handle("write", Write, async ({ body }) => {
    await store.write("value", body.value);
    return { type: "write_ok" };
  });

  node.handle("read", v.object({}), async () => ({
    type: "read_ok",
    value: await store.readOr("value", null),
  }));
}

/** Wrong: every node keeps a value of its own, so other nodes read old ones. */
export function separate(node: Node): void {
  let value: number | null = null;

  node.handle("write", Write, ({ body }) => {
    value = body.value;
    return { type: "write_ok" };
  });

  node.handle("read", v.object({}), () => ({ type: "read_ok", value }));
}

if (import.meta.main) await serve(shared);
