/**
 * Challenge 2, unique ids: totally available, without a message between nodes.
 *
 * An id consists of the node's name, a random number that the process draws when it starts, and a
 * counter. The random number is needed because a restarted node counts from the beginning again.
 * `Node.generateId` states how improbable a collision is.
 *
 * Ids are strings, because Maelstrom's checker sorts them.
 *
 * @see Maelstrom workloads, "Unique-ids"; Fly.io Gossip Glomers, challenge 2
 */
import * as v from "valibot";
import { type Node, serve } from "../lib/vortex/index.ts";

const Generate = v.object({});

export function uniqueIds(node: Node): void {
  node.handle("generate", Generate, () => ({ type: "generate_ok", id: node.generateId() }));
}

if (import.meta.main) await serve(uniqueIds);
