/**
 * Strongly connected components: the parts of a graph in which everything leads to everything.
 * Every cycle lies within one.
 *
 * @see Tarjan, "Depth-first search and linear graph algorithms" (1972); here without recursion,
 *   as a history's graph can be one path of a million nodes
 */
import { at, type Graph, PASS } from "./graph.ts";
import type { Relations } from "./relations.ts";

/**
 * The components of more than one node, each as its nodes in no particular order.
 *
 * @param relations Only edges with one of these count, and those that leave junctions.
 * @param selfEdges Whether a single node with an edge to itself is a component, too.
 */
export function stronglyConnectedComponents(
  graph: Graph,
  relations: Relations,
  { selfEdges }: { readonly selfEdges: boolean },
): Int32Array[] {
  const { nodeCount, offsets, targets, labels } = graph;
  const components: Int32Array[] = [];
  // The order of discovery from 1; 0 is undiscovered.
  const discovered = new Int32Array(nodeCount);
  // The earliest discovery that can be reached from a node through its descendants.
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
      // Nothing before this node can be reached from it: it and all pending since are a component.
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
