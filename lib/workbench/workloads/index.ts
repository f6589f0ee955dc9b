/** Every workload, by Maelstrom's name of it. */
import { echo } from "./echo.ts";
import { uniqueIds } from "./unique-ids.ts";
import type { Workload, WorkloadOptions } from "./workload.ts";

export const WORKLOADS = {
  echo,
  "unique-ids": uniqueIds,
} as const satisfies Record<string, (options: WorkloadOptions) => Workload>;

export type WorkloadName = keyof typeof WORKLOADS;
export const WORKLOAD_NAMES = Object.keys(WORKLOADS) as readonly WorkloadName[];
