import type { AnyProgram } from "../../../lib/vortex/index.ts";
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
  /** A seed that shows it. */
  readonly seed: number;
  /** Median number of plain seeds until one shows it, by `test/bench/campaigns.ts`. */
  readonly plainRuns: number;
}

export type Variant = "broken" | "mended";
