import { describe, expect, test } from "bun:test";
import { randomStream } from "../../../lib/workbench/random.ts";

function draws(seed: number, name: string): number[] {
  const random = randomStream(seed, name);
  return Array.from({ length: 5 }, () => random.next());
}

describe("randomStream", () => {
  test("returns the same numbers for the same seed and name", () => {
    expect(draws(7, "network")).toEqual(draws(7, "network"));
  });

  test("returns these numbers on every machine", () => {
    expect(draws(1, "network").map((number) => number.toFixed(6))).toEqual([
      "0.682625",
      "0.663784",
      "0.136088",
      "0.306406",
      "0.841387",
    ]);
  });

  test("returns other numbers for another seed or name", () => {
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
