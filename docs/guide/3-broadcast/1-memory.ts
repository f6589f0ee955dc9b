import * as v from "valibot";
import { type Node, serve } from "vortex";

const Broadcast = v.object({ message: v.number() });

export function broadcast(node: Node): void {
  const values = new Set<number>();

  node.handle("broadcast", Broadcast, ({ body }) => {
    values.add(body.message);
    return { type: "broadcast_ok" };
  });

  node.handle("read", v.object({}), () => ({ type: "read_ok", messages: [...values] }));
}

if (import.meta.main) await serve(broadcast);
