/** A grow-only set: each node gossips all its elements, and states merge by union. */
import * as v from "valibot";
import type { Node } from "../../lib/vortex/index.ts";
import { gossip } from "./gossip.ts";

export interface SetOptions {
  /** What is known after this node has heard of another's elements. */
  readonly merge?: (mine: ReadonlySet<number>, theirs: ReadonlySet<number>) => Set<number>;
}

export function gSet(
  node: Node,
  { merge = (mine, theirs) => mine.union(theirs) }: SetOptions = {},
) {
  let elements = new Set<number>();
  gossip(node, v.array(v.number()), {
    state: () => [...elements],
    merge: (others) => {
      elements = merge(elements, new Set(others));
    },
  });

  node.handle("add", v.object({ element: v.number() }), ({ body }) => {
    elements.add(body.element);
    return { type: "add_ok" };
  });
  node.handle("read", v.object({}), () => ({ type: "read_ok", value: [...elements] }));
}
