import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { pickOne, randomInteger, randomStream, shuffle } from "../../../lib/workbench/random.ts";
import { randoms } from "../../support/seeds.ts";

function draws(seed: number, name: string): number[] {
  const random = randomStream(seed, name);
  return Array.from({ length: 5 }, () => random.next());
}

describe("randomStream", () => {
  test("gives the same numbers for the same seed and name", () => {
    expect(draws(7, "network")).toEqual(draws(7, "network"));
  });

  test("gives these numbers on every machine", () => {
    expect(draws(1, "network").map((number) => number.toFixed(6))).toEqual([
      "0.682625",
      "0.663784",
      "0.136088",
      "0.306406",
      "0.841387",
    ]);
  });

  test("gives other numbers for another seed or name", () => {
    expect(draws(7, "network")).not.toEqual(draws(8, "network"));
    expect(draws(7, "network")).not.toEqual(draws(7, "nemesis"));
  });

  test("draws from [0, 1) evenly", () => {
    const random = randomStream(3, "even");
    const counts = new Array(10).fill(0);
    for (let draw = 0; draw < 10_000; draw++) counts[Math.floor(random.next() * 10)]++;
    // Standard deviation 30: these bounds are five of them away.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe("shuffle", () => {
  test("keeps all items", () => {
    fc.assert(
      fc.property(randoms(), fc.array(fc.nat()), (random, items) => {
        expect(shuffle(random, items).sort()).toEqual([...items].sort());
      }),
    );
  });

  test("makes every order", () => {
    const random = randomStream(1, "orders");
    const orders = new Set(Array.from({ length: 200 }, () => shuffle(random, [1, 2, 3]).join()));
    expect(orders.size).toBe(6);
  });
});

describe("pickOne", () => {
  test("picks each item sometimes", () => {
    const random = randomStream(1, "picks");
    const picks = new Set(Array.from({ length: 100 }, () => pickOne(random, ["a", "b", "c"])));
    expect([...picks].sort()).toEqual(["a", "b", "c"]);
  });

  test("refuses to pick one of no items", () => {
    expect(() => pickOne(randomStream(1, "none"), [])).toThrow("Cannot pick one of no items");
  });
});

describe("randomInteger", () => {
  test("stays below its bound", () => {
    fc.assert(
      fc.property(randoms(), fc.integer({ min: 1, max: 1000 }), (random, bound) => {
        const integer = randomInteger(random, bound);
        expect(Number.isInteger(integer) && integer >= 0 && integer < bound).toBe(true);
      }),
    );
  });
});
