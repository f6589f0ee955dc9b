/** Gossip of whole states: what gets lost comes with the next round. */
import * as v from "valibot";
import type { Node } from "../../lib/vortex/index.ts";

const INTERVAL_MS = 500;

/**
 * Sends this node's state to every peer, again and again, and merges what comes from them.
 *
 * States may arrive twice, late and in any order, so the merge must be commutative, associative and
 * idempotent.
 */
export function gossip<State>(
  node: Node,
  schema: v.GenericSchema<unknown, State>,
  { state, merge }: { readonly state: () => State; readonly merge: (other: State) => void },
): void {
  node.handle("gossip", v.object({ state: schema }), (request) => merge(request.body.state));
  node.every(INTERVAL_MS, () => {
    for (const peer of node.peers) node.send(peer, { type: "gossip", state: state() });
  });
}
