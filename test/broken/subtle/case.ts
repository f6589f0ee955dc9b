import { type AnyProgram, type Node, RpcError, type Storage } from "../../../lib/vortex/index.ts";
import type { WorkloadName } from "../../../lib/workbench/workloads/index.ts";
import type { SimulatedOptions } from "../../support/simulations/simulate.ts";

/** A program with one bug that few seeds show, and the test that detects it. */
export interface SubtleCase {
  /** The bug, as a sentence without its subject: "the program ...". */
  readonly bug: string;
  readonly workload: WorkloadName;
  /** Makes the program with the bug, or the same program without it. */
  readonly make: (variant: Variant) => AnyProgram;
  /** Options of the test. */
  readonly options: SimulatedOptions;
  /** The anomaly that results: one of `symptomsOf`. */
  readonly shows: string;
  /** A seed that shows it: the first one, from 1, in which the mended variant is valid. */
  readonly seed: number;
}

export type Variant = "broken" | "mended";

/** Options of a test of nodes that are killed often. */
export const KILLED: SimulatedOptions = {
  nodeCount: 3,
  concurrency: 6,
  rate: 10,
  timeLimitS: 20,
  nemesis: ["kill"],
  nemesisIntervalS: 2,
  recoveryS: 3,
};

/** How long a request may take, in ms. Clients leave after 5 s, and a reply must not come later. */
const REPLY_LIMIT_MS = 4500;

/**
 * Waits for a promise, but only as long as a client does.
 *
 * @throws {RpcError} `timeout` (0, indefinite) when it has not settled by then.
 */
export async function inTime<Result>(node: Node, promise: Promise<Result>): Promise<Result> {
  const { promise: limit, reject } = Promise.withResolvers<never>();
  const cancel = node.after(REPLY_LIMIT_MS, () => {
    reject(new RpcError("timeout", "Not done in time"));
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    cancel();
  }
}

/** Syncs the log of a node, or leaves that to a later sync when the disk takes too long: see {@link inTime}. */
export function synced(node: Node, log: Storage): Promise<void> {
  return inTime(node, log.sync());
}
