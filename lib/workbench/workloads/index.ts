/** Every workload, by Maelstrom's name of it. */
import { randomStream } from "../random.ts";
import type { TestOptions } from "../run/test-options.ts";
import { broadcast } from "./broadcast.ts";
import { gCounter, pnCounter } from "./counters.ts";
import { echo } from "./echo.ts";
import { gSet } from "./g-set.ts";
import { kafka } from "./kafka.ts";
import { linKv } from "./lin-kv.ts";
import { txnListAppend, txnRwRegister } from "./transactions.ts";
import { uniqueIds } from "./unique-ids.ts";
import { InvalidOptions, type Workload, type WorkloadOptions } from "./workload.ts";

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

/**
 * The workload of a test.
 *
 * @throws {InvalidOptions} when the options do not fit it.
 */
export function makeWorkload(options: TestOptions): Workload {
  const { workload: name, seed, converge } = options;
  const random = randomStream(seed, "workload");
  const workload: Workload = WORKLOADS[name]({ ...options, random });
  if (converge && workload.convergence === undefined) {
    throw new InvalidOptions(`--converge: nobody can tell what nodes of ${name} hold`);
  }
  return workload;
}
