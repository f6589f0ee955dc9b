/** Simulations of one challenge under faults, over seeds. */
import { wordsOf } from "../../../lib/workbench/cli/test-flags.ts";
import type { AnyProgram } from "../../../lib/workbench/clusters/simulated-cluster.ts";
import type { Fault } from "../../../lib/workbench/nemesis/faults.ts";
import { findingsOf } from "../../../lib/workbench/run/results.ts";
import type { WorkloadName } from "../../../lib/workbench/workloads/index.ts";
import { simulationSeeds } from "../seeds.ts";
import { runSimulated, type Simulated, type SimulatedOptions, testOptionsOf } from "./simulate.ts";

export interface FaultSweep {
  readonly workload: WorkloadName;
  readonly program: AnyProgram;
  readonly options: SimulatedOptions & { readonly nemesis: readonly Fault[] };
  /** How many seeds, unless `SEEDS` says another number. */
  readonly seedCount: number;
  /** The program's arguments. */
  readonly args?: readonly string[];
  /** Says what else is wrong with a run. */
  readonly alsoWrong?: (run: Simulated) => readonly string[];
}

export interface FaultSweepOutcome {
  /** What was wrong, and the command that shows it again. */
  readonly problems: readonly string[];
  /** In which part of the runs all faults took effect. */
  readonly disturbedPart: number;
}

/** What a run may show that had its nodes dead or paused nearly all the time, or cut off for long. */
const TOLERATED = new Set(["never-ok", "never-read", "stale", "empty-transaction-graph"]);

export function sweepFaults(sweep: FaultSweep): FaultSweepOutcome {
  const { workload, program, options, seedCount, args = [], alsoWrong } = sweep;
  const problems: string[] = [];
  let disturbedCount = 0;
  const seeds = simulationSeeds(seedCount);
  for (const seed of seeds) {
    const whole = { ...options, seed };
    const run = runSimulated(workload, program, whole, { args });
    const findings = run.result.valid === true ? [] : findingsOf(run.result);
    const wrong = [
      ...findings
        .filter(({ anomaly }) => !TOLERATED.has(anomaly))
        .map(({ anomaly, sentence }) => `${anomaly}: ${sentence}`),
      ...(alsoWrong?.(run) ?? []),
    ];
    const words = [...wordsOf(testOptionsOf(workload, whole)), ...(args.length > 0 ? ["--"] : [])];
    const command = ["vortex", "sim", `challenges/${workload}.ts`, ...words, ...args].join(" ");
    problems.push(...wrong.map((text) => `${text}\n${command}`));
    if (options.nemesis.every((fault) => (run.result.faults[fault] ?? 0) > 0)) disturbedCount++;
  }
  return { problems, disturbedPart: disturbedCount / seeds.length };
}
