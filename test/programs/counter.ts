/**
 * A counter for increments and decrements: each node gossips how much every node has added and
 * subtracted. Both only grow, so that the greater one is the newer.
 */
import * as v from "valibot";
import type { Node, NodeId } from "../../lib/vortex/index.ts";
import { gossip } from "./gossip.ts";

const Total = v.object({ added: v.number(), subtracted: v.number() });
export type Total = v.InferOutput<typeof Total>;

export interface CounterOptions {
  /** A node's total after one of its own adds. */
  readonly add?: (total: Total, delta: number) => Total;
  /** The newer of two totals of one node. */
  readonly merge?: (mine: Total, theirs: Total) => Total;
}

const ZERO: Total = { added: 0, subtracted: 0 };

const add = ({ added, subtracted }: Total, delta: number): Total =>
  delta < 0 ? { added, subtracted: subtracted - delta } : { added: added + delta, subtracted };

const greater = (mine: Total, theirs: Total): Total => ({
  added: Math.max(mine.added, theirs.added),
  subtracted: Math.max(mine.subtracted, theirs.subtracted),
});

export function counter(node: Node, options: CounterOptions = {}): void {
  const steps = { add, merge: greater, ...options };
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
    const sum = [...totals.values()].reduce(
      (sum, total) => sum + total.added - total.subtracted,
      0,
    );
    return { type: "read_ok", value: sum };
  });
}
