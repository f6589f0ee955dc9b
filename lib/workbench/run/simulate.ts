/**
 * Runs a test in virtual time. A minute takes milliseconds, and the same seed gives the same history
 * and the same messages, to the byte.
 */
import { type Repeat, Scheduler } from "../clusters/scheduler.ts";
import type { TestResult } from "./results.ts";
import { carryOutSimulation, firstRun, type Simulation } from "./simulation.ts";
import { TestCrash } from "./test-crash.ts";
import type { TestOptions } from "./test-options.ts";

export interface RepeatedSimulation extends Simulation {
  /** Runs the events of the simulation. */
  readonly repeatStep?: Repeat;
}

/**
 * Runs a whole test in virtual time before it returns.
 *
 * @throws {TestCrash} when a node does not start or does not reply to `init`.
 */
export function simulate(
  options: TestOptions,
  { repeatStep, ...simulation }: RepeatedSimulation,
): TestResult {
  const carryOut = (given: Simulation): (() => TestResult) => {
    const scheduler = new Scheduler();
    return scheduler.run(carryOutSimulation(options, given, scheduler), repeatStep);
  };
  const first = firstRun(simulation);
  if (first !== undefined) {
    try {
      carryOut(first.simulation);
    } catch (error) {
      if (!(error instanceof TestCrash)) throw error;
    }
  }
  // Outside of the simulation: a check may take long in real time.
  const check = carryOut(first?.next() ?? simulation);
  return check();
}
