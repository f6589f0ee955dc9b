import type { AnyProgram } from "../../../lib/vortex/index.ts";
import { toArgv } from "../../../lib/workbench/cli/argv.ts";
import { type Fault, REAL_FAULTS } from "../../../lib/workbench/nemesis/faults.ts";
import { findingsOf } from "../../../lib/workbench/run/check-history.ts";
import type { WorkloadName } from "../../../lib/workbench/workloads/index.ts";
import { simulationSeeds } from "../seeds.ts";
import { runSimulated, type Simulated, type SimulatedOptions, testOptionsOf } from "./simulate.ts";

export interface FaultSweep {
  readonly workload: WorkloadName;
  readonly program: AnyProgram;
  readonly options: SimulatedOptions & { readonly nemesis: readonly Fault[] };
  /** Number of seeds; the environment variable `SEEDS` overrides it. */
  readonly seedCount: number;
  /** Arguments of the program. */
  readonly args?: readonly string[];
  /** Returns further problems of a run. */
  readonly alsoWrong?: (run: Simulated) => readonly string[];
}

export interface FaultSweepOutcome {
  /** Each problem, with the command that reproduces it. */
  readonly problems: readonly string[];
  /** Fraction of the runs in which every fault fired. */
  readonly firedFraction: number;
  /** The situations of the program that at least one run reached. */
  readonly reached: ReadonlySet<string>;
}

/** Anomalies of a correct program whose nodes were dead, paused or cut off most of the time. */
const TOLERATED = new Set(["never-ok", "never-read", "stale", "empty-transaction-graph"]);

/** The clusters and faults for programs that need a majority and keep their state on disks. */
export const CONSENSUS_FAULTS: readonly (readonly [nodeCount: number, faults: readonly Fault[]])[] =
  [
    [3, ["partition"]],
    [3, ["one-way-partition", "pause"]],
    [3, ["kill", "disk"]],
    [3, ["loss", "duplicate", "slow"]],
    [5, ["kill", "partition", "disk"]],
    [5, REAL_FAULTS],
  ];

export function sweepFaults(sweep: FaultSweep): FaultSweepOutcome {
  const { workload, program, options, seedCount, args = [], alsoWrong } = sweep;
  const problems: string[] = [];
  let firedCount = 0;
  const reached = new Set<string>();
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
    const flags = [...toArgv(testOptionsOf(workload, whole)), ...(args.length > 0 ? ["--"] : [])];
    const command = ["vortex", "sim", `challenges/${workload}.ts`, ...flags, ...args].join(" ");
    problems.push(...wrong.map((text) => `${text}\n${command}`));
    for (const { name, count } of run.result.coverage?.sometimes ?? []) {
      if (count > 0) reached.add(name);
    }
    if (options.nemesis.every((fault) => (run.result.faults[fault] ?? 0) > 0)) firedCount++;
  }
  return { problems, firedFraction: firedCount / seeds.length, reached };
}
