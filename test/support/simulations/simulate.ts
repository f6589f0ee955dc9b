import type { AnyProgram } from "../../../lib/vortex/index.ts";
import type { Operation } from "../../../lib/workbench/history/history.ts";
import type { JournalEvent } from "../../../lib/workbench/network/journal.ts";
import type { TestResult } from "../../../lib/workbench/run/results.ts";
import { simulate } from "../../../lib/workbench/run/simulate.ts";
import type { Simulation } from "../../../lib/workbench/run/simulation.ts";
import { DEFAULTS, nodeNames, type TestOptions } from "../../../lib/workbench/run/test-options.ts";
import type { WorkloadName } from "../../../lib/workbench/workloads/index.ts";

export interface Simulated {
  readonly result: TestResult;
  readonly history: readonly Operation[];
  readonly messages: readonly JournalEvent[];
}

export interface SimulatedOptions extends Partial<TestOptions> {
  readonly nodeCount?: number;
}

/** Options of a test. Defaults: 1 node, as many clients as nodes, 10 s, seed 1. */
export function testOptionsOf(
  workload: WorkloadName,
  { nodeCount = 1, ...options }: SimulatedOptions = {},
): TestOptions {
  return {
    ...DEFAULTS,
    workload,
    nodeIds: nodeNames(nodeCount),
    concurrency: nodeCount,
    timeLimitS: 10,
    seed: 1,
    ...options,
  };
}

/** Runs a test of a program in virtual time; returns its result, history and messages. */
export function runSimulated(
  workload: WorkloadName,
  program: AnyProgram,
  options: SimulatedOptions = {},
  simulation: Partial<Simulation> = {},
): Simulated {
  const history: Operation[] = [];
  const messages: JournalEvent[] = [];
  const result = simulate(testOptionsOf(workload, options), {
    program,
    ...simulation,
    onOperation: (operation) => void history.push(operation),
    onMessage: (event) => void messages.push(event),
  });
  return { result, history, messages };
}
