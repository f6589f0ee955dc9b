/**
 * Which consistency models a component's cycles rule out.
 *
 * Found without looking for particular cycles: a model that forbids all cycles in a part of the
 * graph is ruled out if that part has a strongly connected component. This takes linear time, so it
 * is certain however tangled the graph.
 *
 * @see Elle 0.2.2, elle.txn/cycle-exists-specs
 */

import { type ModelName, modelsAtLeastAsStrongAs } from "../consistency-models.ts";
import { stronglyConnectedComponents } from "./components.ts";
import { ACYCLIC_PARTS, type AcyclicPart } from "./cycle-types.ts";
import { at, type Graph, GraphBuilder, PASS } from "./graph.ts";
import { IntList } from "./int-list.ts";
import { ALL_RELATIONS, type Relations, RW } from "./relations.ts";

/** Transactions each of which comes before the next, and the last before the first. */
export interface Cycle {
  /** Their numbers. One may occur twice where cycles cross each other. */
  readonly transactions: readonly number[];
  /** Why each comes before the next. */
  readonly steps: readonly Relations[];
}

/** A part of a graph that should have no cycles, but does. */
export interface CyclicPart extends AcyclicPart {
  /** Exhibits one, in the graph's numbers. */
  readonly exhibit: () => Cycle;
}

/** The cyclic parts of a graph, but for those that fall with a weaker model's. */
export function cyclicParts(graph: Graph): CyclicPart[] {
  const cyclic: CyclicPart[] = [];
  let fallen: ReadonlySet<ModelName> = new Set();
  for (const part of ACYCLIC_PARTS) {
    if (fallen.has(part.model)) continue;
    const partial = part.thenReadWrite ? withReadWriteSteps(graph, part.relations) : graph;
    const relations = part.thenReadWrite ? ALL_RELATIONS : part.relations;
    const components = stronglyConnectedComponents(partial, relations, { selfEdges: true });
    const [first] = components.sort((a, b) => a.length - b.length);
    if (first === undefined) continue;
    cyclic.push({ ...part, exhibit: () => cycleAmong(first, partial, relations, graph) });
    fallen = modelsAtLeastAsStrongAs(cyclic.map(({ model }) => model));
  }
  return cyclic;
}

/**
 * A graph whose cycles are those that have edges of some relations, each of which may be followed
 * by one read-write edge.
 *
 * Every node occurs twice: as n, where no read-write edge may come next, and as n + nodeCount,
 * where one must.
 */
function withReadWriteSteps(graph: Graph, relations: Relations): Graph {
  const { nodeCount, offsets, targets, labels } = graph;
  const builder = new GraphBuilder(2 * nodeCount);
  for (let node = 0; node < nodeCount; node++) {
    for (let edge = at(offsets, node); edge < at(offsets, node + 1); edge++) {
      const label = at(labels, edge);
      const target = at(targets, edge);
      if (label === PASS) {
        builder.link(node, target, PASS);
        builder.link(node + nodeCount, target + nodeCount, PASS);
      } else if (label === RW) {
        builder.link(node + nodeCount, target, RW);
      } else if ((label & relations) !== 0) {
        builder.link(node, target, label);
        builder.link(node, target + nodeCount, label);
      }
    }
  }
  return builder.build();
}

/**
 * A shortest cycle through one node of a strongly connected component.
 *
 * @param whole The graph whose nodes the component's are, or occur twice in.
 */
function cycleAmong(
  component: Int32Array,
  graph: Graph,
  relations: Relations,
  whole: Graph,
): Cycle {
  const { offsets, targets, labels } = graph;
  const isTransaction = (node: number) => node % whole.nodeCount < whole.transactionCount;
  const start = component.find(isTransaction) ?? 0;
  // What is no member counts as visited.
  const isVisited = new Uint8Array(graph.nodeCount).fill(1);
  for (const node of component) isVisited[node] = 0;
  const parents = new Int32Array(graph.nodeCount);
  /** The relation by which a transaction is left on the way to a node. */
  const entered = new Uint8Array(graph.nodeCount);
  const queue = new IntList();
  queue.push(start);
  for (let head = 0; at(isVisited, start) === 0; head++) {
    const node = queue.get(head);
    for (let edge = at(offsets, node); edge < at(offsets, node + 1); edge++) {
      const label = at(labels, edge);
      const target = at(targets, edge);
      if (at(isVisited, target) === 1 || (label !== PASS && (label & relations) === 0)) continue;
      isVisited[target] = 1;
      parents[target] = node;
      entered[target] = label === PASS ? at(entered, node) : label;
      queue.push(target);
    }
  }

  const transactions: number[] = [];
  const steps: Relations[] = [];
  let node = start;
  do {
    if (isTransaction(node)) steps.push(at(entered, node));
    node = at(parents, node);
    if (isTransaction(node)) transactions.push(node % whole.nodeCount);
  } while (node !== start);
  return { transactions: transactions.reverse(), steps: steps.reverse() };
}
