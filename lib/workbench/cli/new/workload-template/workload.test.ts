import { expect, test } from "bun:test";
import { simulate } from "vortex/simulation";
import { workload } from "./workload.ts";
import { separate, shared } from "./workload-nodes.ts";

test.each([1, 2, 3])("NAME accepts nodes that share the value, under faults: seed %i", (seed) => {
  const nemesis = ["partition", "kill"] as const;
  const result = simulate(shared, { workload, nodeCount: 3, timeLimitS: 30, nemesis, seed });
  expect(result.problems).toEqual([]);
});

test("NAME catches nodes that keep values of their own", () => {
  const result = simulate(separate, { workload, nodeCount: 3, seed: 1 });
  expect(result.findings.map(({ anomaly }) => anomaly)).toContain("nonlinearizable");
});
