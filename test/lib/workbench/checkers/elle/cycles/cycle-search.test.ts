/** Compares the searches with an enumeration of all simple cycles of tiny graphs. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bifurcanOperationHash } from "../../../../../../lib/workbench/checkers/clojure/set-order.ts";
import { modelsAtLeastAsStrongAs } from "../../../../../../lib/workbench/checkers/elle/consistency-models.ts";
import { Budget } from "../../../../../../lib/workbench/checkers/elle/cycles/budget.ts";
import { CycleSearch } from "../../../../../../lib/workbench/checkers/elle/cycles/cycle-search.ts";
import {
  ACYCLIC_PARTS,
  CYCLE_TYPES,
  type CycleType,
  classify,
} from "../../../../../../lib/workbench/checkers/elle/cycles/cycle-types.ts";
import { cyclicParts } from "../../../../../../lib/workbench/checkers/elle/cycles/cyclic-parts.ts";
import { Dependencies } from "../../../../../../lib/workbench/checkers/elle/cycles/dependencies.ts";
import {
  GraphBuilder,
  type Subgraph,
  SubgraphExtractor,
} from "../../../../../../lib/workbench/checkers/elle/cycles/graph.ts";
import {
  ALL_RELATIONS,
  PROCESS,
  REALTIME,
  type Relations,
  RW,
  WR,
  WW,
} from "../../../../../../lib/workbench/checkers/elle/cycles/relations.ts";
import { type Edge, isCyclic } from "../../../../../support/oracles/transactions.ts";

const COUNT = 5;

const node = fc.nat({ max: COUNT - 1 });
const edges: fc.Arbitrary<Edge[]> = fc
  .array(fc.tuple(node, node, fc.constantFrom(WW, WR, RW, RW, PROCESS)), { maxLength: 14 })
  // The only edge from a transaction to itself is that it read its own later write.
  .map((links) => links.filter(([from, to, relation]) => from !== to || relation === WR));
const PROCESS_TYPES = CYCLE_TYPES.filter(({ name }) => !name.endsWith("-realtime"));
const hashOf = Int32Array.from({ length: COUNT }, (_, index) => bifurcanOperationHash(index));

function component(links: readonly Edge[]): Subgraph {
  const builder = new GraphBuilder(COUNT);
  for (const [from, to, relation] of links) builder.link(from, to, relation);
  return new SubgraphExtractor(builder.build()).extract(
    Int32Array.from({ length: COUNT }, (_, i) => i),
  );
}

/** Enumerates simple cycles, with every choice of one relation per step. */
function* simpleCycles(links: readonly Edge[], path: readonly Edge[] = []): Generator<Relations[]> {
  const start = path[0]?.[0];
  const tip = path.at(-1)?.[1];
  for (const edge of links) {
    const [from, to] = edge;
    if (tip !== undefined && from !== tip) continue;
    if (to === (start ?? from)) yield [...path, edge].map(([, , relation]) => relation);
    else if (from !== to && !path.some(([visited]) => visited === to))
      yield* simpleCycles(links, [...path, edge]);
  }
}

function isOfType(steps: readonly Relations[], type: CycleType): boolean {
  const readWrites = steps.filter((step) => step === RW).length;
  const others = steps.filter((step) => step !== RW);
  const isAdjacent = steps.some((step, i) => step === RW && steps.at(i - 1) === RW);
  const fits = {
    none: readWrites === 0,
    one: readWrites === 1,
    nonadjacent: readWrites > 1 && !isAdjacent,
    several: readWrites > 1,
  };
  const seen = steps.reduce((all, step) => all | step, 0);
  return (
    fits[type.readWrites] &&
    others.every((step) => (step & type.allowed) !== 0) &&
    (seen & type.required) === type.required
  );
}

/** Enumerates the choices of one relation for each step of a cycle of these nodes. */
function choices(links: readonly Edge[], nodes: readonly number[]): Relations[][] {
  let result: Relations[][] = [[]];
  nodes.forEach((from, i) => {
    const to = nodes[(i + 1) % nodes.length];
    const relations = links
      .filter(([a, b]) => a === from && b === to)
      .map(([, , relation]) => relation);
    result = result.flatMap((steps) => relations.map((relation) => [...steps, relation]));
  });
  return result;
}

function searches(links: readonly Edge[]): { type: CycleType; search: CycleSearch }[] {
  const budget = new Budget(1_000_000);
  const dependencies = new Dependencies(component(links), undefined, budget);
  return PROCESS_TYPES.map((type) => ({
    type,
    search: new CycleSearch(dependencies, type, budget),
  }));
}

describe("CycleSearch", () => {
  test("firstCycle finds a cycle of the type if and only if one exists", () => {
    fc.assert(
      fc.property(edges, (links) => {
        const cycles = [...simpleCycles(links)];
        for (const { type, search } of searches(links)) {
          const found = search.firstCycle(hashOf);
          expect(found !== undefined).toBe(cycles.some((steps) => isOfType(steps, type)));
          if (found === undefined) continue;
          expect(new Set(found).size).toBe(found.length);
          expect(choices(links, found).some((steps) => isOfType(steps, type))).toBe(true);
        }
      }),
    );
  });

  test("quickCycle finds only cycles of the type", () => {
    fc.assert(
      fc.property(edges, (links) => {
        for (const { type, search } of searches(links)) {
          const found = search.quickCycle();
          if (found === undefined) continue;
          expect(new Set(found).size).toBe(found.length);
          expect(choices(links, found).some((steps) => isOfType(steps, type))).toBe(true);
        }
      }),
    );
  });

  test("quickCycle finds every cycle without read-write edges", () => {
    fc.assert(
      fc.property(edges, (links) => {
        const cycles = [...simpleCycles(links)];
        for (const { type, search } of searches(links)) {
          if (type.name !== "G0") continue;
          expect(search.quickCycle() !== undefined).toBe(
            cycles.some((steps) => isOfType(steps, type)),
          );
        }
      }),
    );
  });

  test("throws BudgetExceeded when its budget is spent", () => {
    const links = [0, 1, 2, 3, 4].flatMap((from) =>
      [0, 1, 2, 3, 4].map((to): Edge => [from, to, from < to ? WW : RW]),
    );
    const budget = new Budget(20);
    const dependencies = new Dependencies(component(links), undefined, budget);
    const type = CYCLE_TYPES.find(({ name }) => name === "G2-item-process");
    if (type === undefined) throw new Error("There is such a type");
    expect(() => new CycleSearch(dependencies, type, budget).firstCycle(hashOf)).toThrow(
      expect.objectContaining({ name: "BudgetExceeded" }),
    );
  });
});

describe("cyclicParts", () => {
  test("rules out exactly the models whose part of the graph has a cycle", () => {
    fc.assert(
      fc.property(edges, (ordered) => {
        // Process order implies real-time order.
        const links = ordered.flatMap((edge): Edge[] =>
          edge[2] === PROCESS ? [edge, [edge[0], edge[1], REALTIME]] : [edge],
        );
        const ruledOut = modelsAtLeastAsStrongAs(
          cyclicParts(component(links)).map(({ model }) => model),
        );
        for (const part of ACYCLIC_PARTS) {
          expect([part.name, ruledOut.has(part.model)]).toEqual([part.name, isCyclic(links, part)]);
        }
      }),
    );
  });

  test("returns an example of a cycle for each model", () => {
    fc.assert(
      fc.property(edges, (links) => {
        for (const part of cyclicParts(component(links))) {
          const { transactions, steps } = part.exhibit();
          expect(steps).toHaveLength(transactions.length);
          const allowed = part.relations | (part.thenReadWrite ? RW : 0);
          steps.forEach((relation, i) => {
            const from = transactions[i];
            const to = transactions[(i + 1) % transactions.length];
            expect(relation & allowed).not.toBe(0);
            expect(links.some(([a, b, r]) => a === from && b === to && r === relation)).toBe(true);
            if (part.thenReadWrite) expect(relation & (steps.at(i - 1) ?? 0) & RW).toBe(0);
          });
        }
      }),
    );
  });
});

describe("classify", () => {
  test.each([
    ["G0", [WW, WW]],
    ["G1c", [WW, WR]],
    ["G-single-item", [RW, WR]],
    ["G-nonadjacent-item", [RW, WR, RW, WW]],
    ["G2-item", [WR, RW, RW]],
    ["G2-item", [RW, WR, RW]],
    ["G0-process", [WW, PROCESS]],
    ["G-single-item-realtime", [RW, REALTIME]],
  ])("calls a cycle %s", (name, steps) => {
    expect(classify(steps)).toBe(name);
  });

  test("returns a type that is searched for, whatever the cycle", () => {
    const steps = fc.array(fc.constantFrom(WW, WR, RW, PROCESS), { minLength: 2 });
    fc.assert(
      fc.property(steps, (cycle) => {
        fc.pre(cycle.some((step) => step !== PROCESS));
        const type = CYCLE_TYPES.find(({ name }) => name === classify(cycle));
        expect(type !== undefined && (ALL_RELATIONS & type.allowed) === type.allowed).toBe(true);
      }),
    );
  });
});
