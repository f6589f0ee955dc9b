/** Gossip of whole states: the next round repairs any lost message. */
import * as v from "valibot";
import type { Node } from "../../lib/vortex/index.ts";

const INTERVAL_MS = 500;

/**
 * Sends this node's state to every peer periodically, and merges the states it receives.
 *
 * States may arrive late, several times and in any order, so `merge` must be commutative, associative
 * and idempotent.
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
