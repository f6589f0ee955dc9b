/** A grow-only set: nodes gossip all their elements and merge them by union. */
import * as v from "valibot";
import type { Node } from "../../lib/vortex/index.ts";
import { gossip } from "./gossip.ts";

export interface SetOptions {
  /** Returns the node's elements after it received those of another. Defaults to the union. */
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
