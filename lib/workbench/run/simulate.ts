/**
 * Runs a test in virtual time. A minute takes milliseconds, and the same seed gives the same history
 * and the same messages, to the byte.
 */
import type { AnyProgram, Clock, Random } from "../../vortex/index.ts";
import { type Repeat, Scheduler } from "../clusters/scheduler.ts";
import { SimulatedCluster, type SimulatedClusterOptions } from "../clusters/simulated-cluster.ts";
import { randomStream } from "../random.ts";
import type { TestResult } from "./results.ts";
import { carryOutTest, type Environment, type TestParts } from "./test.ts";
import type { TestOptions } from "./test-options.ts";

export interface Simulation
  extends Pick<
    Environment,
    "onOperation" | "onMessage" | "onLog" | "onDiagnostic" | "onRemark" | "isStrict" | "catalog"
  > {
  readonly program: AnyProgram;
  /** The program's arguments; none by default. */
  readonly args?: readonly string[];
  readonly parts?: TestParts;
  /** Called before a node runs: whatever happens until the next call is caused by that node. */
  readonly onTurn?: SimulatedClusterOptions["onTurn"];
  /** Whether the errors of RPCs name the line that sent the request. */
  readonly tracesRpcs?: boolean;
  /** Runs the events of the simulation. */
  readonly repeatStep?: Repeat;
}

/**
 * Maximum lateness of a timer, in ms, after a whole millisecond.
 *
 * Timers in Bun count whole milliseconds, and fire 0.1 ms late (median of 1,000 timers on a busy
 * machine). If they were exact, nodes with equal periods would stay in lockstep forever, and
 * operations due shortly after each other would never coincide.
 */
const TIMER_LATENESS_MS = 0.2;

/** A clock whose timers are as late as those of a process. */
function lateClock(clock: Clock, random: Random): Clock {
  return {
    nowMs: () => clock.nowMs(),
    after: (delayMs, callback) =>
      clock.after(Math.ceil(delayMs) + random.next() * TIMER_LATENESS_MS, callback),
  };
}

/**
 * Runs a whole test in virtual time before it returns.
 *
 * @throws {TestCrash} when a node does not start or does not reply to `init`.
 */
export function simulate(
  options: TestOptions,
  { program, args = [], onTurn, repeatStep, tracesRpcs, parts, ...environment }: Simulation,
): TestResult {
  const scheduler = new Scheduler();
  const exploration = parts?.exploration?.(scheduler);
  const clockOf = (name: string) => lateClock(scheduler, randomStream(options.seed, name));
  const timers = clockOf("timers of nodes");
  const task = carryOutTest(
    options,
    {
      ...environment,
      clock: clockOf("timers of the tester"),
      exploration,
      makeCluster: ({ network, onBadLine, onStderr, assertions }) =>
        new SimulatedCluster({
          program,
          args,
          network,
          scheduler,
          timers: exploration?.timers?.(timers) ?? timers,
          randomOf: (name) => randomStream(options.seed, name),
          onStderr,
          ...(onTurn === undefined ? {} : { onTurn }),
          onBadLine,
          onSync: exploration?.onSync,
          assertions,
          tracesRpcs,
        }),
    },
    parts,
  );
  // Outside of the simulation: a check may take long in real time.
  const check = scheduler.run(task, repeatStep);
  return check();
}
