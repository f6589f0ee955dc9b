import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { stronglyConnectedComponents } from "../../../../../../lib/workbench/checkers/elle/cycles/components.ts";
import {
  type Graph,
  GraphBuilder,
  SubgraphExtractor,
} from "../../../../../../lib/workbench/checkers/elle/cycles/graph.ts";
import {
  ALL_RELATIONS,
  RW,
  WW,
} from "../../../../../../lib/workbench/checkers/elle/cycles/relations.ts";

/** Returns the direct successors of a transaction, through junctions. */
function targetsOf(graph: Graph, node: number): number[] {
  const found: number[] = [];
  const open = [node];
  for (const next of open) {
    for (let edge = graph.offsets[next] ?? 0; edge < (graph.offsets[next + 1] ?? 0); edge++) {
      const target = graph.targets[edge] ?? 0;
      if (target < graph.transactionCount) found.push(target);
      else open.push(target);
    }
  }
  return found.sort((a, b) => a - b);
}

const nodes = fc.uniqueArray(fc.nat({ max: 29 }), { minLength: 9 });

describe("GraphBuilder", () => {
  test("linkAll links each source to every target but itself, once", () => {
    fc.assert(
      fc.property(nodes, nodes, (from, to) => {
        const builder = new GraphBuilder(30);
        builder.linkAll(from, to, RW);
        const graph = builder.build();
        for (const source of from) {
          const others = to.filter((target) => target !== source).sort((a, b) => a - b);
          expect(targetsOf(graph, source)).toEqual(others);
        }
      }),
    );
  });

  test("linkAll adds a linear number of edges", () => {
    const all = Array.from({ length: 1000 }, (_, node) => node);
    const builder = new GraphBuilder(1000);
    builder.linkAll(all, all, RW);
    expect(builder.build().targets.length).toBeLessThan(10_000);
  });

  test("is empty until a node is linked to another", () => {
    const builder = new GraphBuilder(2);
    builder.linkAll([0], [0], WW);
    builder.linkAll([0], [], WW);
    expect(builder.isEmpty).toBe(true);
    builder.linkAll([0], [1], WW);
    expect(builder.isEmpty).toBe(false);
  });
});

describe("SubgraphExtractor", () => {
  test("extracts nodes with the edges between them, repeatedly", () => {
    const builder = new GraphBuilder(5);
    for (const [from, to] of [
      [1, 3],
      [3, 4],
      [4, 1],
      [0, 1],
      [4, 2],
    ] as const) {
      builder.link(from, to, WW);
    }
    const extractor = new SubgraphExtractor(builder.build());
    for (const order of [
      [4, 1, 3],
      [3, 4, 1],
    ]) {
      const part = extractor.extract(Int32Array.from(order));
      expect([...part.originals]).toEqual([1, 3, 4]);
      expect([0, 1, 2].map((node) => targetsOf(part, node))).toEqual([[1], [2], [0]]);
    }
  });
});

describe("stronglyConnectedComponents", () => {
  const edges = fc.array(fc.tuple(fc.nat({ max: 7 }), fc.nat({ max: 7 })), { maxLength: 16 });

  test("puts two nodes into one component if and only if each reaches the other", () => {
    fc.assert(
      fc.property(edges, (links) => {
        const builder = new GraphBuilder(8);
        const reaches = Array.from({ length: 8 }, () => new Array<boolean>(8).fill(false));
        for (const [from, to] of links) {
          builder.link(from, to, WW);
          (reaches[from] ?? [])[to] = true;
        }
        const leads = (from: number, to: number) => reaches[from]?.[to] ?? false;
        for (let via = 0; via < 8; via++) {
          for (let from = 0; from < 8; from++) {
            for (let to = 0; to < 8; to++) {
              if (leads(from, via) && leads(via, to)) (reaches[from] ?? [])[to] = true;
            }
          }
        }
        const components = stronglyConnectedComponents(builder.build(), ALL_RELATIONS, {
          selfEdges: true,
        });
        const together = (a: number, b: number) =>
          components.some((component) => component.includes(a) && component.includes(b));
        for (let a = 0; a < 8; a++) {
          for (let b = 0; b < 8; b++) expect(together(a, b)).toBe(leads(a, b) && leads(b, a));
        }
      }),
    );
  });

  test("follows only edges of the given relations", () => {
    const builder = new GraphBuilder(2);
    builder.link(0, 1, WW);
    builder.link(1, 0, RW);
    const graph = builder.build();
    expect(stronglyConnectedComponents(graph, WW, { selfEdges: false })).toHaveLength(0);
    expect(stronglyConnectedComponents(graph, WW | RW, { selfEdges: false })).toHaveLength(1);
  });

  test("handles a path of a million nodes", () => {
    const length = 1_000_000;
    const builder = new GraphBuilder(length);
    for (let node = 0; node < length; node++) builder.link(node, (node + 1) % length, WW);
    const [component] = stronglyConnectedComponents(builder.build(), WW, { selfEdges: false });
    expect(component).toHaveLength(length);
  });
});
