import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { pickOne, randomInteger, shuffle } from "../../../lib/vortex/random.ts";
import { randomStream } from "../../../lib/workbench/random.ts";
import { randoms } from "../../support/seeds.ts";

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
  test("picks every item", () => {
    const random = randomStream(1, "picks");
    const picks = new Set(Array.from({ length: 100 }, () => pickOne(random, ["a", "b", "c"])));
    expect([...picks].sort()).toEqual(["a", "b", "c"]);
  });

  test("refuses to pick from an empty list", () => {
    expect(() => pickOne(randomStream(1, "none"), [])).toThrow("Cannot pick from an empty list");
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
