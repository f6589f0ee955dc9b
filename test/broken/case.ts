import type { AnyProgram } from "../../lib/vortex/index.ts";
import type { WorkloadName } from "../../lib/workbench/workloads/index.ts";
import type { SimulatedOptions } from "../support/simulations/simulate.ts";

/** A program with one bug, and the test that detects it. */
export interface BrokenCase {
  /** The bug, as a sentence without its subject: "the program ...". */
  readonly bug: string;
  readonly workload: WorkloadName;
  readonly program: AnyProgram;
  /** Options of the test. If they include faults, the bug does not show without them. */
  readonly options: SimulatedOptions;
  /** The anomaly that results: one of `symptomsOf`. */
  readonly shows: string;
  /** Number of seeds, from 1, within which the anomaly shows. */
  readonly withinSeeds: number;
}

/** Three nodes, six clients, ten seconds, no faults. */
export const CALM: SimulatedOptions = { nodeCount: 3, concurrency: 6, rate: 50, timeLimitS: 10 };
/** Longer, with partitions. */
export const PARTITIONED: SimulatedOptions = {
  ...CALM,
  timeLimitS: 20,
  nemesis: ["partition"],
  nemesisIntervalS: 2,
};
/** Longer, with single messages lost. */
export const LOSSY: SimulatedOptions = {
  ...CALM,
  timeLimitS: 20,
  nemesis: ["loss"],
  nemesisIntervalS: 2,
};
/** Longer, with nodes killed and restarted. */
export const DEADLY: SimulatedOptions = {
  ...CALM,
  timeLimitS: 30,
  nemesis: ["kill"],
  nemesisIntervalS: 2,
};
