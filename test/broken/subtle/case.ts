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

/** How long to wait for the disk, in ms. Clients leave after 5 s, and a reply must not come later. */
const SYNC_LIMIT_MS = 4500;

/**
 * Syncs the log of a node, or leaves that to a later sync.
 *
 * @throws {RpcError} `timeout` (0, indefinite) when the disk takes too long.
 */
export async function synced(node: Node, log: Storage): Promise<void> {
  const { promise: limit, reject } = Promise.withResolvers<never>();
  const cancel = node.after(SYNC_LIMIT_MS, () => {
    reject(new RpcError("timeout", "The disk has not synced in time"));
  });
  try {
    await Promise.race([log.sync(), limit]);
  } finally {
    cancel();
  }
}
