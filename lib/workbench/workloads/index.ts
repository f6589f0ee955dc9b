/** All workloads, by Maelstrom's names. */
import type { CheckedWorkload } from "../checkers/by-workload.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { randomStream } from "../random.ts";
import { broadcast } from "./broadcast.ts";
import { gCounter, pnCounter } from "./counters.ts";
import { echo } from "./echo.ts";
import { gSet } from "./g-set.ts";
import { kafka } from "./kafka.ts";
import { linKv } from "./lin-kv.ts";
import { txnListAppend, txnRwRegister } from "./transactions.ts";
import { uniqueIds } from "./unique-ids.ts";
import type { Workload, WorkloadContext, WorkloadOptions } from "./workload.ts";

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
} as const satisfies Record<CheckedWorkload, (context: WorkloadContext) => Workload>;

export type WorkloadName = keyof typeof WORKLOADS;
export const WORKLOAD_NAMES = Object.keys(WORKLOADS) as readonly WorkloadName[];

/** The workload of a test, and its options. */
export interface WorkloadSelection extends WorkloadOptions {
  readonly workload: WorkloadName;
  /** Whether all nodes must hold the same state after the recovery. */
  readonly converge: boolean;
  /** Fixes every random choice of the tester: a non-negative integer. */
  readonly seed: number;
}

/**
 * Makes the workload of a test.
 *
 * @throws {InvalidOptions} when the options do not fit it.
 */
export function makeWorkload(options: WorkloadSelection): Workload {
  const { workload: name, seed, converge } = options;
  const random = randomStream(seed, "workload");
  const workload: Workload = WORKLOADS[name]({ ...options, random });
  if (converge && workload.convergence === undefined) {
    throw new InvalidOptions(`--converge: the nodes of ${name} cannot be compared`);
  }
  return workload;
}
