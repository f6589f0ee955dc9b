import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { simulationSeeds } from "../support/seeds.ts";
import { fuzz } from "./fuzz.ts";
import { SUBJECTS } from "./subjects.ts";

setDefaultTimeout(120_000);

const LINES = 3000;

describe("A compiled node among noise", () => {
  const cases = Object.keys(SUBJECTS).flatMap((name) =>
    simulationSeeds(1).map((seed) => [name, seed] as const),
  );
  test.each(cases)(
    "of %s answers every valid request once, and prints messages only, seed %d",
    async (name, seed) => {
      const { wrongs, probes, answersToNoise, maxMemoryBytes } = await fuzz(name, LINES, seed);
      expect(wrongs).toEqual([]);
      // The noise must be such that nodes have something to think about.
      expect(answersToNoise).toBeGreaterThan(LINES / 10);
      expect(probes).toBeGreaterThan(LINES / 50);
      if (process.platform === "linux") expect(maxMemoryBytes).toBeLessThan(400e6);
    },
  );
});
