/**
 * Challenge 2, unique ids: totally available, without a message between nodes.
 *
 * An id is the node's name, a number that the process draws at its start, and a counter. The name
 * tells nodes apart, the counter one process's ids, and the drawn number the processes that ran
 * under one name: a node that was killed and started again begins its counter anew, so a plain
 * counter would repeat itself. How long that holds is said at `Node.generateId`.
 *
 * All ids are strings: Maelstrom's checker must be able to sort them.
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
