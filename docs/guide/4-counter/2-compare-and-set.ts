import * as v from "valibot";
import { type KVNode, serve } from "vortex";

const Add = v.object({ delta: v.number() });

export function counter(node: KVNode): void {
  const store = node.seqKv.of(v.number());

  node.handle("add", Add, async ({ body }) => {
    await store.update("total", (total = 0) => total + body.delta);
    return { type: "add_ok" };
  });

  node.handle("read", v.object({}), async () => {
    return { type: "read_ok", value: await store.readOr("total", 0) };
  });
}

if (import.meta.main) await serve(counter);
