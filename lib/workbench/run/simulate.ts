/**
 * Runs a test in virtual time. A minute takes milliseconds, and the same seed gives the same history
 * and the same messages, to the byte.
 */
import type { AnyProgram, Clock, Random } from "../../vortex/index.ts";
import { type Repeat, Scheduler } from "../clusters/scheduler.ts";
import { SimulatedCluster, type SimulatedClusterOptions } from "../clusters/simulated-cluster.ts";
import type { Decisions } from "../decisions.ts";
import { randomStream } from "../random.ts";
import { Chance } from "./chance.ts";
import type { TestResult } from "./results.ts";
import { carryOutTest, type Environment, type TestParts } from "./test.ts";
import { TestCrash } from "./test-crash.ts";
import type { TestOptions } from "./test-options.ts";

export interface Simulation
  extends Pick<
    Environment,
    | "onOperation"
    | "onMessage"
    | "onLog"
    | "onDiagnostic"
    | "onRemark"
    | "isExplained"
    | "isStrict"
    | "catalog"
  > {
  readonly program: AnyProgram;
  /** The program's arguments; none by default. */
  readonly args?: readonly string[];
  readonly parts?: TestParts;
  /** Called before a node runs: whatever happens until the next call is caused by that node. */
  readonly onTurn?: SimulatedClusterOptions["onTurn"];
  /** Decides on what is otherwise left to chance. */
  readonly decisions?: Decisions | undefined;
  /** Called at the end, or when the run crashes, with what was decided in it. */
  readonly onDecisions?: ((decisions: Decisions) => void) | undefined;
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
 * Makes the late clocks of parts, which decisions may set.
 *
 * @param random The stream that all of them share without decisions.
 * @param wrap Makes timers later still.
 */
function chanceClocks(
  clock: Clock,
  random: Random,
  chance: Chance,
  wrap: (clock: Clock) => Clock,
): (part?: string) => Clock {
  const nowMs = () => clock.nowMs();
  // The timer that is being set.
  let [current, leastMs]: [part: string | undefined, leastMs: number] = [undefined, 0];
  const late = wrap({
    nowMs,
    after: (delayMs, callback) => {
      const wholeMs = Math.ceil(delayMs);
      const draw = (from: Random) => wholeMs + from.next() * TIMER_LATENESS_MS;
      const lateMs = chance.delayMs(current, leastMs, TIMER_LATENESS_MS / 2, draw, random);
      return clock.after(lateMs, callback);
    },
  });
  return (part) => ({
    nowMs,
    after: (delayMs, callback) => {
      [current, leastMs] = [part, Math.ceil(delayMs)];
      return late.after(delayMs, callback);
    },
  });
}

/**
 * Runs a whole test in virtual time before it returns.
 *
 * @throws {TestCrash} when a node does not start or does not reply to `init`.
 */
export function simulate(
  options: TestOptions,
  { program, args = [], onTurn, repeatStep, tracesRpcs, parts, ...rest }: Simulation,
): TestResult {
  const { decisions, onDecisions, ...environment } = rest;
  const { seed } = options;
  const scheduler = new Scheduler();
  const isDecided = decisions !== undefined || onDecisions !== undefined;
  const chance = isDecided ? new Chance({ ...options, decisions, clock: scheduler }) : undefined;
  const explored = parts?.exploration?.(scheduler);
  const exploration = chance?.explore(explored) ?? explored;
  const clocksOf = (name: string, wrap = (clock: Clock) => clock) => {
    const random = randomStream(seed, name);
    if (chance !== undefined) return chanceClocks(scheduler, random, chance, wrap);
    const late = wrap(lateClock(scheduler, random));
    return (_part?: string) => late;
  };
  const testerClock = clocksOf("timers of the tester");
  const nodeClock = clocksOf("timers of nodes", exploration?.timers);
  const task = carryOutTest(
    options,
    {
      ...environment,
      clock: testerClock("timers tester"),
      exploration,
      chance,
      ...(chance === undefined ? {} : { clockOf: testerClock }),
      makeCluster: ({ network, onBadLine, onStderr, assertions }) =>
        new SimulatedCluster({
          program,
          args,
          network,
          scheduler,
          timersOf: (node) => nodeClock(`timers ${node}`),
          randomOf: (name) => randomStream(seed, name),
          onStderr,
          ...(onTurn === undefined ? {} : { onTurn }),
          onBadLine,
          onSync: exploration?.onSync,
          assertions,
          chance,
          tracesRpcs,
        }),
    },
    parts,
  );
  // Outside of the simulation: a check may take long in real time.
  const check = runOrCrash(
    () => scheduler.run(task, repeatStep),
    () => {
      if (chance !== undefined) onDecisions?.(chance.recorded);
    },
  );
  if (chance !== undefined) {
    const { unmatchedCount } = chance;
    if (unmatchedCount > 0) {
      environment.onRemark?.(
        `${unmatchedCount} decisions fit nothing in this run, and were ignored: the program or the options differ from those they were recorded with, or they were edited`,
      );
    }
  }
  return check();
}

/** Runs a test, and calls back when it has ended: also with a crash, but not if it was interrupted. */
function runOrCrash<T>(run: () => T, onEnd: () => void): T {
  try {
    const result = run();
    onEnd();
    return result;
  } catch (error) {
    if (error instanceof TestCrash) onEnd();
    throw error;
  }
}
