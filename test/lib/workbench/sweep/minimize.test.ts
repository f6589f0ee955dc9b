import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Budget, minimize } from "../../../../lib/workbench/sweep/minimize.ts";

describe("minimize", () => {
  test("keeps exactly the items that a failure needs, in their order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(100), { maxLength: 60 }),
        fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
        async (items, choices) => {
          const needed = items.filter((_, index) => choices[index] === true).slice(0, 5);
          const kept = await minimize(items, async (fewer) =>
            needed.every((item) => fewer.includes(item)),
          );
          expect(kept).toEqual(needed);
        },
      ),
    );
  });

  test("finds two items among a thousand in few tests", async () => {
    let count = 0;
    const items = Array.from({ length: 1000 }, (_, index) => index);
    const kept = await minimize(items, async (fewer) => {
      count++;
      return fewer.includes(17) && fewer.includes(800);
    });
    expect(kept).toEqual([17, 800]);
    expect(count).toBeLessThan(60);
  });

  test("returns the list itself when nothing can be removed", async () => {
    const items = [1, 2, 3];
    expect(await minimize(items, async () => false)).toBe(items);
  });
});

describe("Budget", () => {
  test("is spent after a number of tests, and parts of it count", () => {
    const budget = new Budget(10, 1000, () => 0);
    const part = budget.part(0.3);
    const taken = Array.from({ length: 5 }, () => part.take());
    expect(taken).toEqual([true, true, true, false, false]);
    expect(budget.tryCount).toBe(3);
    expect(budget.isSpent).toBeFalse();
    expect(Array.from({ length: 8 }, () => budget.take()).filter(Boolean)).toHaveLength(7);
  });

  test("is spent after some time", () => {
    let nowMs = 0;
    const budget = new Budget(10, 1000, () => nowMs);
    expect(budget.take()).toBeTrue();
    nowMs = 1000;
    expect(budget.take()).toBeFalse();
  });
});
