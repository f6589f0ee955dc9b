import { describe, expect, test } from "bun:test";
import { clients } from "../../../../lib/workbench/clients/generator.ts";
import type { Operation } from "../../../../lib/workbench/history/history.ts";
import { randomStream } from "../../../../lib/workbench/random.ts";
import { drawPace } from "../../../../lib/workbench/search/pace.ts";
import { invocations, runGenerator } from "../../../support/simulations/generators.ts";

const MEAN_S = 0.1;
const COUNT = 400;

function paced(seed: number): readonly Operation[] {
  let left = COUNT;
  const operations = clients(() => (left-- > 0 ? { f: "op" } : undefined));
  const pace = drawPace(randomStream(seed, "pace"));
  const generator = pace(MEAN_S, randomStream(seed, "generator"), operations);
  return runGenerator(generator, { concurrency: 20, tookMs: () => 2 });
}

/** Times of invocations, in s, by the seed that draws the pace. */
const RUNS = Array.from({ length: 20 }, (_, seed) => paced(seed));
const startsOf = (history: readonly Operation[]) =>
  invocations(history).map(({ time }) => time / 1e9);
const gapsOf = (times: readonly number[]) =>
  times.slice(1).map((time, index) => time - (times[index] ?? 0));

describe("A pace", () => {
  test("emits every operation, at the mean rate", () => {
    for (const history of RUNS) {
      const starts = startsOf(history);
      expect(starts).toHaveLength(COUNT);
      expect((starts.at(-1) ?? 0) / COUNT).toBeWithin(MEAN_S * 0.7, MEAN_S * 1.4);
    }
  });

  test("is even in some runs, and in others has operations at once and long gaps", () => {
    const atOnce = RUNS.map((history) => gapsOf(startsOf(history)).filter((gap) => gap === 0));
    expect(atOnce.some(({ length }) => length === 0)).toBe(true);
    expect(atOnce.some(({ length }) => length > COUNT / 4)).toBe(true);
    const longest = RUNS.map((history) => Math.max(...gapsOf(startsOf(history))));
    expect(Math.max(...longest)).toBeGreaterThan(MEAN_S * 8);
  });

  test("has operations that begin at the moment at which another one ends", () => {
    const chained = RUNS.map((history) => {
      const ends = new Set(history.flatMap(({ type, time }) => (type === "ok" ? [time] : [])));
      return invocations(history).filter(({ time }) => ends.has(time)).length;
    });
    expect(Math.max(...chained)).toBeGreaterThan(COUNT / 4);
  });
});
