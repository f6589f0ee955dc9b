/**
 * Decides which consistency models the cycles of a graph rule out.
 *
 * A model that forbids all cycles in a part of the graph is ruled out if that part has a strongly
 * connected component. This takes linear time and no search, so it is always certain.
 *
 * @see Elle 0.2.2, elle.txn/cycle-exists-specs
 */
import { type ModelName, modelsAtLeastAsStrongAs } from "../consistency-models.ts";
import { stronglyConnectedComponents } from "./components.ts";
import { ACYCLIC_PARTS, type AcyclicPart } from "./cycle-types.ts";
import { at, type Graph, GraphBuilder, PASS } from "./graph.ts";
import { IntList } from "./int-list.ts";
import { ALL_RELATIONS, type Relations, RW } from "./relations.ts";

/** Transactions of which each precedes the next, and the last precedes the first. */
export interface Cycle {
  /** Numbers of the transactions. One may occur twice if cycles cross each other. */
  readonly transactions: readonly number[];
  /** The relation of each transaction to the next. */
  readonly steps: readonly Relations[];
}

/** A part of a graph that has a cycle, although a model forbids it. */
export interface CyclicPart extends AcyclicPart {
  /** Returns an example of a cycle, in the graph's numbers. */
  readonly exhibit: () => Cycle;
}

/** Returns the cyclic parts of a graph, except those of models that a weaker one already rules out. */
export function cyclicParts(graph: Graph): CyclicPart[] {
  const cyclic: CyclicPart[] = [];
  let ruledOut: ReadonlySet<ModelName> = new Set();
  for (const part of ACYCLIC_PARTS) {
    if (ruledOut.has(part.model)) continue;
    const partial = part.thenReadWrite ? withReadWriteSteps(graph, part.relations) : graph;
    const relations = part.thenReadWrite ? ALL_RELATIONS : part.relations;
    const components = stronglyConnectedComponents(partial, relations, { selfEdges: true });
    const [first] = components.sort((a, b) => a.length - b.length);
    if (first === undefined) continue;
    cyclic.push({ ...part, exhibit: () => cycleAmong(first, partial, relations, graph) });
    ruledOut = modelsAtLeastAsStrongAs(cyclic.map(({ model }) => model));
  }
  return cyclic;
}

/**
 * Builds a graph whose cycles have edges of some relations, each optionally followed by a single
 * read-write edge.
 *
 * Every node occurs twice: as n, where the next edge must not be read-write, and as n + nodeCount,
 * where it must be.
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
 * Returns a shortest cycle through one node of a strongly connected component.
 *
 * @param whole The original graph, of which `graph` has every node once or twice.
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
  // Nodes outside the component count as visited.
  const isVisited = new Uint8Array(graph.nodeCount).fill(1);
  for (const node of component) isVisited[node] = 0;
  const parents = new Int32Array(graph.nodeCount);
  /** For each node, the relation of the last edge from a transaction on the way to it. */
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
