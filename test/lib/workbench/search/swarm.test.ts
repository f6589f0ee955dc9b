import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { TestOptions } from "../../../../lib/workbench/run/test-options.ts";
import { swarm } from "../../../../lib/workbench/search/swarm.ts";
import { makeWorkload, WORKLOAD_NAMES } from "../../../../lib/workbench/workloads/index.ts";
import { testOptionsOf } from "../../../support/simulations/simulate.ts";

const given: TestOptions = testOptionsOf("txn-list-append", {
  nodeCount: 3,
  concurrency: 6,
  rate: 100,
  nemesis: ["partition", "kill", "pause"],
  latency: { meanMs: 20, distribution: "constant" },
});
const SEEDS = Array.from({ length: 300 }, (_, index) => index + 1);

/** The values that all seeds draw for a field, without repetitions. */
function drawn(field: (options: TestOptions) => unknown, options = given): Set<string> {
  return new Set(SEEDS.map((seed) => JSON.stringify(field(swarm({ ...options, seed })))));
}

describe("swarm", () => {
  test("draws every subset of the faults", () => {
    expect(drawn(({ nemesis }) => nemesis).size).toBe(2 ** 3);
  });

  test("draws a single fault in most runs", () => {
    const withFault = SEEDS.filter(
      (seed) => swarm({ ...given, nemesis: ["kill"], seed }).nemesis.length > 0,
    );
    expect(withFault.length / SEEDS.length).toBeWithin(0.8, 0.95);
  });

  test.each([
    ["interval of faults", ({ nemesisIntervalS }: TestOptions) => nemesisIntervalS],
    ["rate", ({ rate }: TestOptions) => rate],
    ["latency", ({ latency }: TestOptions) => latency.meanMs],
    ["distribution of the latency", ({ latency }: TestOptions) => latency.distribution],
    ["number of clients", ({ concurrency }: TestOptions) => concurrency],
    ["number of keys", ({ keyCount }: TestOptions) => keyCount],
    ["length of transactions", ({ maxTxnLength }: TestOptions) => maxTxnLength],
    ["writes per key", ({ maxWritesPerKey }: TestOptions) => maxWritesPerKey],
  ])("varies the %s", (_, field) => {
    expect(drawn(field).size).toBeGreaterThan(1);
  });

  test("adds latency to a test without any", () => {
    const withoutLatency = { ...given, latency: { ...given.latency, meanMs: 0 } };
    expect(drawn(({ latency }) => latency.meanMs, withoutLatency)).toContain("20");
  });

  test("keeps the nodes, the durations, the seed, and what must hold in the end", () => {
    for (const seed of SEEDS) {
      const { nodeIds, timeLimitS, recoveryS, consistencyModels, ...rest } = swarm({
        ...given,
        seed,
      });
      const kept = { nodeIds, timeLimitS, recoveryS, consistencyModels, seed: rest.seed };
      expect({ ...given, ...kept, seed }).toEqual({ ...given, seed });
    }
  });

  test("draws tests that fit the workload, and the same one for the same seed", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...WORKLOAD_NAMES),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(),
        (workload, nodeCount, seed) => {
          const concurrency = 2 * nodeCount;
          const options = testOptionsOf(workload, { nodeCount, concurrency, seed });
          const test = swarm(options);
          expect(test).toEqual(swarm(options));
          expect(() => makeWorkload(test)).not.toThrow();
        },
      ),
    );
  });
});
