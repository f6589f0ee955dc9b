import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { nodeNames } from "../../../../lib/workbench/run/test-options.ts";
import {
  TOPOLOGIES,
  TOPOLOGY_NAMES,
  type TopologyName,
} from "../../../../lib/workbench/workloads/topology.ts";

const topology = (name: TopologyName, count: number) => TOPOLOGIES[name](nodeNames(count));

describe("topology", () => {
  test("line connects each node with the previous and the next", () => {
    expect(topology("line", 3)).toEqual({ n0: ["n1"], n1: ["n0", "n2"], n2: ["n1"] });
  });

  test("line leaves out a single node", () => {
    expect(topology("line", 1)).toEqual({});
  });

  test("grid connects nodes below, above, right and left, with a shorter last row", () => {
    expect(topology("grid", 5)).toEqual({
      n0: ["n3", "n1"],
      n1: ["n4", "n2", "n0"],
      n2: ["n1"],
      n3: ["n0", "n4"],
      n4: ["n1", "n3"],
    });
  });

  test("grid gives a single node no neighbours", () => {
    expect(topology("grid", 1)).toEqual({ n0: [] });
  });

  test("total connects all nodes, in the order of the list", () => {
    expect(topology("total", 3)).toEqual({ n0: ["n1", "n2"], n1: ["n0", "n2"], n2: ["n0", "n1"] });
  });

  test("tree and tree2 connect the parent, then two children", () => {
    expect(topology("tree", 6)).toEqual({
      n0: ["n1", "n2"],
      n1: ["n0", "n3", "n4"],
      n2: ["n0", "n5"],
      n3: ["n1"],
      n4: ["n1"],
      n5: ["n2"],
    });
    expect(topology("tree2", 25)).toEqual(topology("tree", 25));
  });

  test.each([
    ["tree3", ["n0", "n4", "n5", "n6"]],
    ["tree4", ["n0", "n5", "n6", "n7", "n8"]],
  ] as const)("%s gives each node as many children as it says", (name, neighbours) => {
    expect(topology(name, 25)["n1"]).toEqual(neighbours);
  });

  test("every topology is symmetric and connected", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TOPOLOGY_NAMES),
        fc.integer({ min: 2, max: 40 }),
        (name, count) => {
          const neighbours = topology(name, count);
          const reached = new Set(["n0"]);
          for (const node of reached) {
            for (const neighbour of neighbours[node] ?? []) {
              expect(neighbours[neighbour]).toContain(node);
              reached.add(neighbour);
            }
          }
          expect(reached.size).toBe(count);
        },
      ),
    );
  });
});
