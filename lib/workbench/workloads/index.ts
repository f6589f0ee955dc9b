/** Maelstrom's workloads, and the workload of a test. */
import { InvalidOptions } from "../invalid-options.ts";
import { randomStream } from "../random.ts";
import { broadcast } from "./broadcast.ts";
import { gCounter, pnCounter } from "./counters.ts";
import type { DefinedWorkload } from "./definition.ts";
import { echo } from "./echo.ts";
import { gSet } from "./g-set.ts";
import { kafka } from "./kafka.ts";
import { linKv } from "./lin-kv.ts";
import type { WorkloadOptions } from "./options.ts";
import { txnListAppend, txnRwRegister } from "./transactions.ts";
import { uniqueIds } from "./unique-ids.ts";
import { instantiate, type Workload } from "./workload.ts";

/** Maelstrom's workloads, by their names there. */
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
} as const satisfies Record<string, DefinedWorkload>;

export type WorkloadName = keyof typeof WORKLOADS;
export const WORKLOAD_NAMES = Object.keys(WORKLOADS) as readonly WorkloadName[];

/** Whether a workload is one of Maelstrom's. */
export function isWorkloadName(name: string): name is WorkloadName {
  return Object.hasOwn(WORKLOADS, name);
}

/** The workload of a test, and its options. */
export interface WorkloadSelection extends WorkloadOptions {
  /** Name of the workload. */
  readonly workload: string;
  /** The workload, unless it is one of Maelstrom's. */
  readonly definition?: DefinedWorkload;
  /** Absolute path of the file that it is from; with `#` and its name there, if it was chosen by it. */
  readonly workloadFile?: string;
  /** Values of the workload's own options; those left out have their defaults. */
  readonly ownOptions?: Readonly<Record<string, unknown>>;
  /** Whether all nodes must hold the same state after the recovery. */
  readonly converge: boolean;
  /** Fixes every random choice of the tester: a non-negative integer. */
  readonly seed: number;
}

/**
 * Finds a workload of Maelstrom by its name. A definition is returned as it is.
 *
 * @throws {InvalidOptions} when none has this name.
 */
export function definitionOf(workload: string | DefinedWorkload): DefinedWorkload {
  if (typeof workload !== "string") return workload;
  if (isWorkloadName(workload)) return WORKLOADS[workload];
  throw new InvalidOptions(
    `Unknown workload "${workload}". Choose from ${WORKLOAD_NAMES.join(", ")}`,
  );
}

/** Whether options fit their workload: lin-kv, for example, restricts the number of clients. */
export function fitsWorkload(options: WorkloadSelection): boolean {
  try {
    makeWorkload(options);
    return true;
  } catch (error) {
    if (error instanceof InvalidOptions) return false;
    throw error;
  }
}

/**
 * Makes the workload of a test.
 *
 * @throws {InvalidOptions} when the options do not fit it.
 */
export function makeWorkload(options: WorkloadSelection): Workload {
  const { workload: name, definition = name, seed, converge } = options;
  const random = randomStream(seed, "workload");
  const isForeign = options.definition !== undefined;
  const workload = instantiate(definitionOf(definition), { ...options, random }, isForeign);
  if (converge && workload.convergence === undefined) {
    throw new InvalidOptions(`--converge: the nodes of ${name} cannot be compared`);
  }
  return workload;
}
