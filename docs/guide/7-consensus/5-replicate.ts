import { type Node, serve } from "vortex";
import { replicate } from "vortex/raft";
import { Command, Store } from "./store.ts";

export function store(node: Node): void {
  const replica = replicate(node, new Store(), { timeoutMs: 900 });
  for (const schema of Command.options) {
    node.handle(schema.entries.type.literal, schema, ({ body }) => replica.execute(body));
  }
}

if (import.meta.main) await serve(store);
