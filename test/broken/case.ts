import type { AnyProgram } from "../../lib/vortex/index.ts";
import type { WorkloadName } from "../../lib/workbench/workloads/index.ts";
import type { SimulatedOptions } from "../support/simulations/simulate.ts";

/** A program that is wrong in one way, and how the workbench finds that out. */
export interface BrokenCase {
  /** What it does, as the end of a sentence that begins with "a program that". */
  readonly wrong: string;
  readonly workload: WorkloadName;
  readonly program: AnyProgram;
  /** The test under which it shows; if that has faults, it does not show without them. */
  readonly options: SimulatedOptions;
  /** What the result must say: one of `symptomsOf`. */
  readonly shows: string;
  /** The first so many seeds suffice. */
  readonly withinSeeds: number;
}

/** Three nodes, six clients, ten seconds without trouble. */
export const CALM: SimulatedOptions = { nodeCount: 3, concurrency: 6, rate: 50, timeLimitS: 10 };
/** Longer, and with nodes that do not always hear each other. */
export const PARTITIONED: SimulatedOptions = {
  ...CALM,
  timeLimitS: 20,
  nemesis: ["partition"],
  nemesisIntervalS: 2,
};
/** Longer, and with messages that get lost one by one. */
export const LOSSY: SimulatedOptions = {
  ...CALM,
  timeLimitS: 20,
  nemesis: ["loss"],
  nemesisIntervalS: 2,
};
/** Longer, and with nodes that are killed and started again. */
export const DEADLY: SimulatedOptions = {
  ...CALM,
  timeLimitS: 30,
  nemesis: ["kill"],
  nemesisIntervalS: 2,
};
