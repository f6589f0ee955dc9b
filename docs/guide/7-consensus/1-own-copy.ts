import { type Node, serve } from "vortex";
import { Command, Store } from "./store.ts";

export function store(node: Node): void {
  const own = new Store();
  for (const schema of Command.options) {
    node.handle(schema.entries.type.literal, schema, ({ body }) => own.apply(body));
  }
}

if (import.meta.main) await serve(store);
