import { type Node, serve } from "vortex";
import { Command, Reply, Store } from "./store.ts";

/** The first node has the only copy. The others forward every request to it. */
export function store(node: Node): void {
  const primary = node.nodeIds[0] ?? node.id;
  const own = new Store();
  for (const schema of Command.options) {
    node.handle(schema.entries.type.literal, schema, async ({ body }) => {
      if (node.id === primary) return own.apply(body);
      return await node.syncRpc(primary, body, Reply);
    });
  }
}

if (import.meta.main) await serve(store);
