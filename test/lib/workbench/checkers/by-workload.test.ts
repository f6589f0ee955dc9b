import { expect, test } from "bun:test";
import { CHECKED_WORKLOADS, CHECKERS } from "../../../../lib/workbench/checkers/by-workload.ts";
import { randomStream } from "../../../../lib/workbench/random.ts";
import { DEFAULTS } from "../../../../lib/workbench/run/test-options.ts";
import { WORKLOAD_NAMES, WORKLOADS } from "../../../../lib/workbench/workloads/index.ts";

test("CHECKERS has every workload", () => {
  expect(CHECKED_WORKLOADS).toEqual(WORKLOAD_NAMES);
});

test.each(CHECKED_WORKLOADS)("CHECKERS has the checker by which %s is tested", (workload) => {
  const { nodeIds } = DEFAULTS;
  const random = randomStream(1, "workload");
  const options = { ...DEFAULTS, workload, concurrency: 2 * nodeIds.length, seed: 1, random };
  expect(WORKLOADS[workload](options).checker).toBe(CHECKERS[workload]);
});
