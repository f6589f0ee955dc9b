/**
 * A counter with increments and decrements (a PN-counter).
 *
 * Each node gossips, for every node, the sum of its increments and the sum of its decrements. Both
 * only grow, so the larger value is the newer one.
 */
import * as v from "valibot";
import type { Node, NodeId } from "../../lib/vortex/index.ts";
import { gossip } from "./gossip.ts";

const Total = v.object({ added: v.number(), subtracted: v.number() });
export type Total = v.InferOutput<typeof Total>;

export interface CounterOptions {
  /** Returns a node's own total after an add. */
  readonly add?: (total: Total, delta: number) => Total;
  /** Returns the newer of two totals of the same node. */
  readonly merge?: (mine: Total, theirs: Total) => Total;
}

const ZERO: Total = { added: 0, subtracted: 0 };

const add = ({ added, subtracted }: Total, delta: number): Total =>
  delta < 0 ? { added, subtracted: subtracted - delta } : { added: added + delta, subtracted };

const larger = (mine: Total, theirs: Total): Total => ({
  added: Math.max(mine.added, theirs.added),
  subtracted: Math.max(mine.subtracted, theirs.subtracted),
});

export function counter(node: Node, options: CounterOptions = {}): void {
  const steps = { add, merge: larger, ...options };
  const totals = new Map<NodeId, Total>();
  const totalOf = (id: NodeId) => totals.get(id) ?? ZERO;
  gossip(node, v.array(v.tuple([v.string(), Total])), {
    state: () => [...totals],
    merge: (others) => {
      for (const [id, theirs] of others) totals.set(id, steps.merge(totalOf(id), theirs));
    },
  });

  node.handle("add", v.object({ delta: v.number() }), ({ body }) => {
    totals.set(node.id, steps.add(totalOf(node.id), body.delta));
    return { type: "add_ok" };
  });
  node.handle("read", v.object({}), () => {
    let value = 0;
    for (const { added, subtracted } of totals.values()) value += added - subtracted;
    return { type: "read_ok", value };
  });
}
