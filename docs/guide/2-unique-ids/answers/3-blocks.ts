import * as v from "valibot";
import { type Node, serve } from "vortex";

const BLOCK_SIZE = 1000;
const Allocated = v.object({ type: v.literal("allocate_ok"), first: v.number() });

/** n0 gives each node 1,000 ids at once, itself too. */
export function uniqueIds(node: Node): void {
  let allocated = 0;
  let [next, end] = [0, 0];

  const allocate = () => {
    const first = allocated;
    allocated += BLOCK_SIZE;
    return first;
  };

  const refill = async () => {
    const first =
      node.id === "n0"
        ? allocate()
        : (await node.syncRpc("n0", { type: "allocate" }, Allocated)).first;
    [next, end] = [first, first + BLOCK_SIZE];
  };
  let refilling: Promise<void> | undefined;

  node.handlePeer("allocate", v.object({}), () => ({ type: "allocate_ok", first: allocate() }));

  node.handle("generate", v.object({}), async () => {
    while (next === end) {
      refilling ??= refill().finally(() => {
        refilling = undefined;
      });
      await refilling;
    }
    return { type: "generate_ok", id: next++ };
  });
}

if (import.meta.main) await serve(uniqueIds);
