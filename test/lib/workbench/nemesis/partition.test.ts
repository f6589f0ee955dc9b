import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  drawOneWayPartition,
  drawPartition,
  ONE_WAY_KINDS,
  PARTITION_KINDS,
  type PartitionKind,
} from "../../../../lib/workbench/nemesis/partition.ts";
import type { Grudge } from "../../../../lib/workbench/network/grudge.ts";
import { randomStream } from "../../../../lib/workbench/random.ts";
import { nodeNames } from "../../../../lib/workbench/run/test-options.ts";
import { randoms } from "../../../support/seeds.ts";

const counts = fc.integer({ min: 1, max: 12 });

function draw(kind: PartitionKind, count: number, seed = 1): Grudge {
  return drawPartition(kind, nodeNames(count), randomStream(seed, "test"));
}

/** Every cut link as "receiver<sender". */
function cuts(grudge: Grudge): string[] {
  return [...grudge].flatMap(([dest, refused]) => [...refused].map((src) => `${dest}<${src}`));
}

function isSymmetric(grudge: Grudge): boolean {
  return [...grudge].every(([dest, refused]) =>
    [...refused].every((src) => grudge.get(src)?.has(dest)),
  );
}

/** The sizes of the two sides. */
function sides(grudge: Grudge): number[] {
  const refusals = [...new Set(grudge.values())].map((refused) => refused.size);
  return refusals.sort((one, other) => one - other);
}

describe("drawPartition", () => {
  test("one separates a single node, in both directions", () => {
    expect(sides(draw("one", 5))).toEqual([1, 4]);
    expect(isSymmetric(draw("one", 5))).toBe(true);
  });

  test("minority-third separates a third of the others, rounded down", () => {
    expect(sides(draw("minority-third", 4))).toEqual([1, 3]);
    expect(sides(draw("minority-third", 7))).toEqual([2, 5]);
    expect(isSymmetric(draw("minority-third", 7))).toBe(true);
  });

  test.each([1, 2, 3])("minority-third cuts nothing among %i nodes", (count) => {
    expect(cuts(draw("minority-third", count))).toEqual([]);
  });

  test("majority separates nodes into halves, in both directions", () => {
    expect(sides(draw("majority", 5))).toEqual([2, 3]);
    expect(isSymmetric(draw("majority", 5))).toBe(true);
  });

  test("majorities-ring of three nodes cuts each link in one direction only", () => {
    const grudge = draw("majorities-ring", 3);
    expect(cuts(grudge)).toHaveLength(3);
    for (const [dest, refused] of grudge) {
      for (const src of refused) expect(grudge.get(src)?.has(dest)).toBe(false);
    }
  });

  test.each([1, 2])("majorities-ring cuts nothing among %i nodes", (count) => {
    expect(cuts(draw("majorities-ring", count))).toEqual([]);
  });

  test("majorities-ring of four nodes separates each from the opposite one", () => {
    const grudge = draw("majorities-ring", 4);
    expect([...grudge.values()].map((refused) => refused.size)).toEqual([1, 1, 1, 1]);
    expect(isSymmetric(grudge)).toBe(true);
  });

  test("majorities-ring of five nodes connects each to its two neighbours", () => {
    const grudge = draw("majorities-ring", 5);
    expect([...grudge.values()].map((refused) => refused.size)).toEqual([2, 2, 2, 2, 2]);
    expect(isSymmetric(grudge)).toBe(true);
  });

  test("majorities-ring lets every node see a majority", () => {
    fc.assert(
      fc.property(randoms(), fc.integer({ min: 3, max: 25 }), (random, count) => {
        const grudge = drawPartition("majorities-ring", nodeNames(count), random);
        for (const id of nodeNames(count)) {
          expect(count - (grudge.get(id)?.size ?? 0)).toBeGreaterThan(count / 2);
        }
      }),
    );
  });

  test("majorities-ring of many nodes is symmetric, and no two see the same majority", () => {
    fc.assert(
      fc.property(randoms(), fc.integer({ min: 6, max: 25 }), (random, count) => {
        const grudge = drawPartition("majorities-ring", nodeNames(count), random);
        expect(isSymmetric(grudge)).toBe(true);
        expect(cuts(grudge).length).toBeGreaterThan(0);
      }),
    );
  });

  test("no kind separates a node from itself", () => {
    fc.assert(
      fc.property(randoms(), counts, fc.constantFrom(...PARTITION_KINDS), (random, count, kind) => {
        for (const [dest, refused] of drawPartition(kind, nodeNames(count), random)) {
          expect(refused.has(dest)).toBe(false);
        }
      }),
    );
  });

  test("one separates each node in some draws", () => {
    const isolated = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const smallest = [...draw("one", 3, seed)].find(([, refused]) => refused.size === 2);
      if (smallest !== undefined) isolated.add(smallest[0]);
    }
    expect([...isolated].sort()).toEqual(["n0", "n1", "n2"]);
  });
});

describe("drawOneWayPartition", () => {
  test("cuts each link in at most one direction", () => {
    fc.assert(
      fc.property(randoms(), counts, fc.constantFrom(...ONE_WAY_KINDS), (random, count, kind) => {
        const grudge = drawOneWayPartition(kind, nodeNames(count), random);
        for (const [dest, refused] of grudge) {
          for (const src of refused) expect(grudge.get(src)?.has(dest) ?? false).toBe(false);
        }
      }),
    );
  });

  test("a deaf node receives nothing, but its messages arrive", () => {
    const grudge = drawOneWayPartition("one-deaf", nodeNames(4), randomStream(1, "test"));
    expect([...grudge.values()].map((refused) => refused.size)).toEqual([3]);
  });

  test("a mute node receives messages, but its own do not arrive", () => {
    const grudge = drawOneWayPartition("one-mute", nodeNames(4), randomStream(1, "test"));
    expect([...grudge.values()].map((refused) => refused.size)).toEqual([1, 1, 1]);
  });
});
