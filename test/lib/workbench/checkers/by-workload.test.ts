import { expect, test } from "bun:test";
import { CHECKED_WORKLOADS } from "../../../../lib/workbench/checkers/by-workload.ts";
import { WORKLOAD_NAMES } from "../../../../lib/workbench/workloads/index.ts";

test("CHECKERS lists the workloads in their order", () => {
  expect(CHECKED_WORKLOADS).toEqual(WORKLOAD_NAMES);
});
