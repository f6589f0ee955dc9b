/**
 * A test in virtual time: a minute of trouble takes milliseconds, and the same seed gives the same
 * history and the same messages, to the byte.
 */
import type { NodeId } from "../vortex/index.ts";
import { randomStream } from "./random.ts";
import type { TestResult } from "./results.ts";
import { type Environment, runTest } from "./run.ts";
import { Scheduler } from "./scheduler.ts";
import { type AnyProgram, SimulatedCluster } from "./simulated-cluster.ts";
import type { TestOptions } from "./test-options.ts";

export interface Simulation
  extends Pick<Environment, "onOperation" | "onMessage" | "onRemark" | "isStrict"> {
  readonly program: AnyProgram;
  /** The program's arguments; none by default. */
  readonly args?: readonly string[];
  readonly onStderr?: (node: NodeId, line: string) => void;
}

/**
 * Runs a test in virtual time, from beginning to end, before it returns.
 *
 * @throws {TestCrash} when a node does not start or does not answer `init`.
 */
export function simulate(
  options: TestOptions,
  { program, args = [], onStderr, ...environment }: Simulation,
): TestResult {
  const scheduler = new Scheduler();
  const task = runTest(options, {
    ...environment,
    clock: scheduler,
    timerSlackMs: 0,
    makeCluster: (network, onBadLine) =>
      new SimulatedCluster({
        program,
        args,
        network,
        clock: scheduler,
        randomOf: (name) => randomStream(options.seed, name),
        ...(onStderr === undefined ? {} : { onStderr }),
        onBadLine,
      }),
  });
  return scheduler.run(task);
}
