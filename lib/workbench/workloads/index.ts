/** Every workload, by Maelstrom's name of it. */
import { broadcast } from "./broadcast.ts";
import { gCounter, pnCounter } from "./counters.ts";
import { echo } from "./echo.ts";
import { gSet } from "./g-set.ts";
import { kafka } from "./kafka.ts";
import { linKv } from "./lin-kv.ts";
import { txnListAppend, txnRwRegister } from "./transactions.ts";
import { uniqueIds } from "./unique-ids.ts";
import type { Workload, WorkloadOptions } from "./workload.ts";

export const WORKLOADS = {
  broadcast,
  echo,
  "g-counter": gCounter,
  "g-set": gSet,
  kafka,
  "lin-kv": linKv,
  "pn-counter": pnCounter,
  "txn-list-append": txnListAppend,
  "txn-rw-register": txnRwRegister,
  "unique-ids": uniqueIds,
} as const satisfies Record<string, (options: WorkloadOptions) => Workload>;

export type WorkloadName = keyof typeof WORKLOADS;
export const WORKLOAD_NAMES = Object.keys(WORKLOADS) as readonly WorkloadName[];
