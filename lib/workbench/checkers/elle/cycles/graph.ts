/**
 * Directed graphs in flat arrays. Each edge carries a set of relations.
 *
 * Some dependencies connect every transaction of one set to every transaction of another: all
 * readers of a version to all writers of its successors, or all transactions that completed by some
 * moment to all invoked after it. As edges these would be quadratic in number. Instead they go
 * through a junction, a node that is not a transaction: edges into it carry the relation, edges out
 * of it carry none (`PASS`).
 */
import { IntList } from "./int-list.ts";
import type { Relations } from "./relations.ts";

/** The label of an edge that leaves a junction. It has no relation and can always be followed. */
export const PASS = 0;

/**
 * A graph over nodes 0, 1, 2, ... The edges of node n start at index `offsets[n]` and end before
 * `offsets[n + 1]`. The first `transactionCount` nodes are transactions, the others junctions.
 */
export interface Graph {
  readonly nodeCount: number;
  readonly transactionCount: number;
  readonly offsets: Int32Array;
  readonly targets: Int32Array;
  /** The relations of each edge. */
  readonly labels: Uint8Array;
}

/** Maximum number of edges that `linkAll` adds one by one; more go through junctions. */
const MAX_DIRECT_EDGES = 64;

export class GraphBuilder {
  readonly transactionCount: number;
  #nodeCount: number;
  readonly #sources = new IntList();
  readonly #targets = new IntList();
  readonly #labels = new IntList();
  #isEmpty = true;

  constructor(transactionCount: number) {
    this.transactionCount = transactionCount;
    this.#nodeCount = transactionCount;
  }

  /** Whether the graph has no edges. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Adds a node that is not a transaction. */
  junction(): number {
    return this.#nodeCount++;
  }

  link(from: number, to: number, label: Relations): void {
    this.#isEmpty = false;
    this.#sources.push(from);
    this.#targets.push(to);
    this.#labels.push(label);
  }

  /** Links every node of `from` to every other node of `to`. Neither has duplicates. */
  linkAll(from: readonly number[], to: readonly number[], label: Relations): void {
    if (from.length * to.length <= MAX_DIRECT_EDGES) {
      for (const a of from) {
        for (const b of to) if (a !== b) this.link(a, b, label);
      }
      return;
    }
    const positions = new Map(to.map((node, position) => [node, position]));
    // A source that is also the i-th target must reach all targets but itself: those before it
    // through one chain of junctions, those after it through another.
    const upTo = this.#chain(to);
    const onwardsFrom = this.#chain(to.toReversed()).reverse();
    for (const node of from) {
      const position = positions.get(node) ?? to.length;
      const before = upTo[position - 1];
      if (before !== undefined) this.link(node, before, label);
      const after = onwardsFrom[position + 1];
      if (after !== undefined) this.link(node, after, label);
    }
  }

  /** Adds junctions of which the i-th leads to the first i + 1 targets. */
  #chain(targets: readonly number[]): number[] {
    const junctions: number[] = [];
    for (const target of targets) {
      const previous = junctions.at(-1);
      const junction = this.junction();
      if (previous !== undefined) this.link(junction, previous, PASS);
      this.link(junction, target, PASS);
      junctions.push(junction);
    }
    return junctions;
  }

  build(): Graph {
    const sources = this.#sources.items();
    const targets = this.#targets.items();
    const labels = this.#labels.items();
    const offsets = new Int32Array(this.#nodeCount + 1);
    for (const source of sources) offsets[source + 1] = at(offsets, source + 1) + 1;
    for (let node = 0; node < this.#nodeCount; node++) {
      offsets[node + 1] = at(offsets, node) + at(offsets, node + 1);
    }
    const next = offsets.slice();
    const sortedTargets = new Int32Array(targets.length);
    const sortedLabels = new Uint8Array(targets.length);
    for (let edge = 0; edge < targets.length; edge++) {
      const source = at(sources, edge);
      const place = at(next, source);
      next[source] = place + 1;
      sortedTargets[place] = at(targets, edge);
      sortedLabels[place] = at(labels, edge);
    }
    return {
      nodeCount: this.#nodeCount,
      transactionCount: this.transactionCount,
      offsets,
      targets: sortedTargets,
      labels: sortedLabels,
    };
  }
}

/** Some nodes of a graph and the edges between them, renumbered. */
export interface Subgraph extends Graph {
  /** The numbers of the nodes in the whole graph, ascending, so transactions come first. */
  readonly originals: Int32Array;
}

/** Extracts subgraphs, each in time linear in its size. */
export class SubgraphExtractor {
  readonly #graph: Graph;
  /** The number of each node in the current subgraph, or -1. */
  readonly #locals: Int32Array;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#locals = new Int32Array(graph.nodeCount).fill(-1);
  }

  extract(nodes: Int32Array): Subgraph {
    const { offsets, targets, labels, transactionCount } = this.#graph;
    const originals = nodes.toSorted();
    originals.forEach((node, local) => {
      this.#locals[node] = local;
    });
    const localOffsets = new Int32Array(originals.length + 1);
    const localTargets = new IntList();
    const localLabels = new IntList();
    originals.forEach((node, local) => {
      for (let edge = at(offsets, node); edge < at(offsets, node + 1); edge++) {
        const target = at(this.#locals, at(targets, edge));
        if (target < 0) continue;
        localTargets.push(target);
        localLabels.push(at(labels, edge));
      }
      localOffsets[local + 1] = localTargets.length;
    });
    for (const node of originals) this.#locals[node] = -1;
    return {
      nodeCount: originals.length,
      transactionCount: originals.filter((node) => node < transactionCount).length,
      offsets: localOffsets,
      targets: localTargets.items(),
      labels: Uint8Array.from(localLabels.items()),
      originals,
    };
  }
}

/**
 * Returns the item at an index that is known to exist.
 *
 * The cast is forced: the compiler cannot know, and a check in the innermost loops costs a tenth of
 * the run.
 */
export function at(items: Int32Array | Uint8Array, index: number): number {
  return items[index] as number;
}
