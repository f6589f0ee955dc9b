/** The tester must end with a verdict or a named crash, whatever nodes print. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { TestCrash } from "../../lib/workbench/run/test-crash.ts";
import { WORKLOAD_NAMES } from "../../lib/workbench/workloads/index.ts";
import { testOptionsOf } from "../support/simulations/simulate.ts";
import { fuzzTester } from "./fuzz-tester.ts";

setDefaultTimeout(120_000);

const SEEDS = Number(process.env["FUZZ_SEEDS"] ?? 20);

describe.each(WORKLOAD_NAMES)("A test of %s with fuzzed nodes", (workload) => {
  test(`ends with a verdict or a named crash, ${SEEDS} seeds`, () => {
    const outcomes = new Set<unknown>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const options = testOptionsOf(workload, {
        seed,
        nodeCount: 2,
        concurrency: 4,
        timeLimitS: 5,
        rate: 20,
        latency: { meanMs: seed % 2 === 0 ? 0 : 10, distribution: "constant" },
      });
      try {
        outcomes.add(fuzzTester(options).valid);
      } catch (error) {
        if (!(error instanceof TestCrash)) throw new Error(`Seed ${seed}`, { cause: error });
        outcomes.add(error.name);
      }
    }
    // Most nodes get past init, and the crash is the rare end.
    expect([...outcomes].some((outcome) => outcome !== "TestCrash")).toBe(true);
  });
});
