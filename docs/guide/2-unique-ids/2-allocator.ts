import * as v from "valibot";
import { type Node, serve } from "vortex";

const Allocated = v.object({ type: v.literal("allocate_ok"), id: v.number() });

export function uniqueIds(node: Node): void {
  let last = 0;

  node.handlePeer("allocate", v.object({}), () => {
    last++;
    return { type: "allocate_ok", id: last };
  });

  node.handle("generate", v.object({}), async () => {
    if (node.id === "n0") {
      last++;
      return { type: "generate_ok", id: last };
    }
    const { id } = await node.syncRpc("n0", { type: "allocate" }, Allocated);
    return { type: "generate_ok", id };
  });
}

if (import.meta.main) await serve(uniqueIds);
