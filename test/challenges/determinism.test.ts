import { describe, expect, test } from "bun:test";
import { basename, join } from "node:path";
import { Glob } from "bun";
import { REAL_FAULTS } from "../../lib/workbench/nemesis/faults.ts";
import { loadProgram } from "../../lib/workbench/sweep/program.ts";
import { WORKLOAD_NAMES } from "../../lib/workbench/workloads/index.ts";
import { ROOT } from "../support/processes/vortex.ts";
import { runSimulated } from "../support/simulations/simulate.ts";

const challenges = [...new Glob("challenges/*.ts").scanSync(ROOT)].sort();

describe("Every challenge, in a simulation", () => {
  test.each(challenges)("%s behaves identically for the same seed, to the byte", async (file) => {
    const name = basename(file, ".ts");
    const workload = WORKLOAD_NAMES.find((known) => known === name);
    if (workload === undefined) throw new Error(`${file} is named after no workload`);
    const program = await loadProgram(join(ROOT, file), undefined, {
      limitS: 60,
      onPrinted: () => {},
    });
    const run = () => {
      const { result, history, messages } = runSimulated(workload, program, {
        nodeCount: 3,
        concurrency: 6,
        rate: 50,
        nemesis: REAL_FAULTS,
        nemesisIntervalS: 2,
        latency: { meanMs: 20, distribution: "exponential" },
        seed: 11,
      });
      expect(history.length).toBeGreaterThan(100);
      return JSON.stringify({ result, history, messages });
    };
    expect(run()).toBe(run());
  });
});
