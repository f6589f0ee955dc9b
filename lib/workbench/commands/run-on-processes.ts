import type { NodeId } from "../../vortex/index.ts";
import { systemClock } from "../../vortex/process.ts";
import { ProcessCluster } from "../process-cluster.ts";
import type { TestResult } from "../results.ts";
import { type Environment, runTest } from "../run.ts";
import type { TestOptions } from "../test-options.ts";

export interface ProcessRun
  extends Pick<Environment, "onOperation" | "onMessage" | "onRemark" | "isStrict" | "signal"> {
  /** Absolute path of the program. */
  readonly bin: string;
  readonly args: readonly string[];
  readonly onStderr?: (node: NodeId, line: string) => void;
}

/** How much later than asked for timers fire: they count whole milliseconds. */
const TIMER_SLACK_MS = 2;

/** Runs a test in real time, on nodes that are processes. */
export function runOnProcesses(
  options: TestOptions,
  { bin, args, onStderr, ...environment }: ProcessRun,
): Promise<TestResult> {
  return runTest(options, {
    ...environment,
    clock: systemClock,
    timerSlackMs: TIMER_SLACK_MS,
    makeCluster: (network, onBadLine) =>
      new ProcessCluster({
        bin,
        args,
        network,
        ...(onStderr === undefined ? {} : { onStderr }),
        onBadLine,
      }),
  });
}
