/**
 * A test in virtual time: the same seed gives the same history and the same messages, to the byte, in
 * every JavaScript engine.
 *
 * The caller runs its events: `simulate.ts` on Bun, `play/engine/` in a browser.
 */
import type { AnyProgram, Clock, Random } from "../../vortex/index.ts";
import { SimulatedCluster, type SimulatedClusterOptions } from "../clusters/simulated-cluster.ts";
import { completed, DECISIONS_VERSION, type Decisions } from "../decisions.ts";
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
  /** Called when a program registers what is shown of its state. */
  readonly onInspect?: SimulatedClusterOptions["onInspect"];
  /** Whether the errors of RPCs name the line that sent the request. */
  readonly tracesRpcs?: boolean;
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

/** A run that comes before another one, to record what the seed decides. */
export interface FirstRun {
  /** It may crash where the next one does not. */
  readonly simulation: Simulation;
  /** The run to be carried out after it. */
  next(): Simulation;
}

/** Returns the run that decisions are based on; `undefined` if they need none. */
export function firstRun(simulation: Simulation): FirstRun | undefined {
  const { program, args = [], parts = {}, decisions } = simulation;
  if (decisions?.base === undefined) return undefined;
  let recorded: Decisions | undefined;
  const onDecisions = (all: Decisions) => {
    recorded = all;
  };
  return {
    simulation: { program, args, parts, isExplained: false, onDecisions },
    next: () => ({
      ...simulation,
      decisions: completed(decisions, recorded ?? { version: DECISIONS_VERSION }),
    }),
  };
}

/**
 * Runs a test on a clock that something else moves, without checking its history.
 *
 * @param clock Must let all promise continuations of an event run before the next event.
 * @returns The check, which may take long in real time.
 * @throws {TestCrash} when a node does not start or does not reply to `init`.
 */
export async function carryOutSimulation(
  options: TestOptions,
  { program, args = [], onTurn, onInspect, tracesRpcs, parts, ...rest }: Simulation,
  clock: Clock,
): Promise<() => TestResult> {
  const { decisions, onDecisions, ...environment } = rest;
  const { seed } = options;
  const isDecided = decisions !== undefined || onDecisions !== undefined;
  const chance = isDecided ? new Chance({ ...options, decisions, clock }) : undefined;
  const explored = parts?.exploration?.(clock);
  const exploration = chance?.explore(explored) ?? explored;
  const clocksOf = (name: string, wrap = (given: Clock) => given) => {
    const random = randomStream(seed, name);
    if (chance !== undefined) return chanceClocks(clock, random, chance, wrap);
    const late = wrap(lateClock(clock, random));
    return (_part?: string) => late;
  };
  const testerClock = clocksOf("timers of the tester");
  const nodeClock = clocksOf("timers of nodes", exploration?.timers);
  const test = carryOutTest(
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
          scheduler: clock,
          timersOf: (node) => nodeClock(`timers ${node}`),
          randomOf: (name) => randomStream(seed, name),
          onStderr,
          ...(onTurn === undefined ? {} : { onTurn }),
          onBadLine,
          onSync: exploration?.onSync,
          assertions,
          chance,
          onInspect,
          tracesRpcs,
        }),
    },
    parts,
  );
  if (chance === undefined) return await test;
  try {
    const check = await test;
    onDecisions?.(chance.recorded);
    const { unmatchedCount } = chance;
    if (unmatchedCount > 0) {
      environment.onRemark?.(
        `${unmatchedCount === 1 ? "1 decision fits" : `${unmatchedCount} decisions fit`} nothing in this run, and ${unmatchedCount === 1 ? "was" : "were"} ignored: the program or the options differ from those they were recorded with, or they were edited`,
      );
    }
    return check;
  } catch (error) {
    // Not if the run was interrupted.
    if (error instanceof TestCrash) onDecisions?.(chance.recorded);
    throw error;
  }
}
