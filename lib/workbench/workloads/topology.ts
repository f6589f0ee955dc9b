/**
 * Topologies: the neighbours that clients of broadcast assign to the nodes.
 *
 * @see Maelstrom, `workload/broadcast.clj`, topologies
 */
import type { NodeId } from "../../vortex/index.ts";

/** Each node's neighbours. */
export type Neighbours = { readonly [node: NodeId]: readonly NodeId[] };

export const TOPOLOGIES = {
  line,
  grid,
  tree: tree(2),
  tree2: tree(2),
  tree3: tree(3),
  tree4: tree(4),
  total,
} as const satisfies Record<string, (nodeIds: readonly NodeId[]) => Neighbours>;

export type TopologyName = keyof typeof TOPOLOGIES;
export const TOPOLOGY_NAMES = Object.keys(TOPOLOGIES) as readonly TopologyName[];

/** A line. A single node is left out, as in Maelstrom. */
function line(nodeIds: readonly NodeId[]): Neighbours {
  if (nodeIds.length < 2) return {};
  return neighbours(nodeIds, (index) => [index - 1, index + 1]);
}

/** A square grid, with an incomplete last row. Neighbours are below, above, right, left. */
function grid(nodeIds: readonly NodeId[]): Neighbours {
  const side = Math.ceil(Math.sqrt(nodeIds.length));
  return neighbours(nodeIds, (index) => {
    const column = index % side;
    return [
      index + side,
      index - side,
      ...(column + 1 < side ? [index + 1] : []),
      ...(column > 0 ? [index - 1] : []),
    ];
  });
}

/** All nodes are neighbours. */
function total(nodeIds: readonly NodeId[]): Neighbours {
  return neighbours(nodeIds, (index) =>
    nodeIds.flatMap((_, other) => (other === index ? [] : [other])),
  );
}

/** A tree. The first node is the root, and its children follow tier by tier. */
function tree(branches: number): (nodeIds: readonly NodeId[]) => Neighbours {
  return (nodeIds) =>
    neighbours(nodeIds, (index) => [
      ...(index > 0 ? [Math.floor((index - 1) / branches)] : []),
      ...Array.from({ length: branches }, (_, branch) => branches * index + branch + 1),
    ]);
}

/** Maps indices to node ids, and skips those out of range. */
function neighbours(
  nodeIds: readonly NodeId[],
  indicesOf: (index: number) => readonly number[],
): Neighbours {
  const named = nodeIds.map((node, index) => {
    const ids = indicesOf(index).flatMap((neighbour) => nodeIds[neighbour] ?? []);
    return [node, ids] as const;
  });
  return Object.fromEntries(named);
}
