import * as v from "valibot";
import { type Node, serve } from "vortex";

export function uniqueIds(node: Node): void {
  let last = 0;

  node.handle("generate", v.object({}), () => {
    last++;
    return { type: "generate_ok", id: `${node.id}-${node.nowMs()}-${last}` };
  });
}

if (import.meta.main) await serve(uniqueIds);
