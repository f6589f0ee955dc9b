/**
 * Finds strongly connected components. Every cycle lies within one.
 *
 * The algorithm is Tarjan's without recursion, as a history's graph can be a path of a million nodes.
 *
 * @see Tarjan, "Depth-first search and linear graph algorithms" (1972)
 */
import { at, type Graph, PASS } from "./graph.ts";
import type { Relations } from "./relations.ts";

/**
 * Returns the nodes of each component with more than one node, in no particular order.
 *
 * @param relations The edges to follow, besides those that leave junctions.
 * @param selfEdges Whether a single node with an edge to itself counts as a component.
 */
export function stronglyConnectedComponents(
  graph: Graph,
  relations: Relations,
  { selfEdges }: { readonly selfEdges: boolean },
): Int32Array[] {
  const { nodeCount, offsets, targets, labels } = graph;
  const components: Int32Array[] = [];
  // The order of discovery, from 1; 0 means undiscovered.
  const discovered = new Int32Array(nodeCount);
  // The earliest discovery reachable from a node through its descendants.
  const earliest = new Int32Array(nodeCount);
  const isPending = new Uint8Array(nodeCount);
  const pending = new Int32Array(nodeCount);
  let pendingCount = 0;
  const path = new Int32Array(nodeCount);
  const cursors = offsets.slice();
  let clock = 0;

  for (let root = 0; root < nodeCount; root++) {
    if (at(discovered, root) !== 0) continue;
    let depth = 0;
    path[0] = root;
    discovered[root] = earliest[root] = ++clock;
    pending[pendingCount++] = root;
    isPending[root] = 1;
    while (depth >= 0) {
      const node = at(path, depth);
      const edge = at(cursors, node);
      if (edge < at(offsets, node + 1)) {
        cursors[node] = edge + 1;
        const label = at(labels, edge);
        if (label !== PASS && (label & relations) === 0) continue;
        const target = at(targets, edge);
        if (at(discovered, target) === 0) {
          discovered[target] = earliest[target] = ++clock;
          pending[pendingCount++] = target;
          isPending[target] = 1;
          path[++depth] = target;
        } else if (at(isPending, target) === 1) {
          earliest[node] = Math.min(at(earliest, node), at(discovered, target));
        }
        continue;
      }
      depth--;
      if (depth >= 0) {
        const parent = at(path, depth);
        earliest[parent] = Math.min(at(earliest, parent), at(earliest, node));
      }
      if (at(earliest, node) !== at(discovered, node)) continue;
      // No earlier node is reachable from this one: it and all pending since form a component.
      const end = pendingCount;
      do {
        pendingCount--;
        isPending[at(pending, pendingCount)] = 0;
      } while (at(pending, pendingCount) !== node);
      if (end - pendingCount > 1 || (selfEdges && hasSelfEdge(graph, node, relations))) {
        components.push(pending.slice(pendingCount, end));
      }
    }
  }
  return components;
}

function hasSelfEdge(graph: Graph, node: number, relations: Relations): boolean {
  for (let edge = at(graph.offsets, node); edge < at(graph.offsets, node + 1); edge++) {
    if (at(graph.targets, edge) === node && (at(graph.labels, edge) & relations) !== 0) return true;
  }
  return false;
}
