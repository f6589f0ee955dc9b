/**
 * A simulation of a program that may leave a promise's rejection to nobody.
 *
 * That ends a process, so it ends the test, whichever node it was: the runtime tells of such a
 * rejection only after the simulation, which is one piece of work to it.
 */
import type { TestResult } from "../results.ts";
import { TestCrash } from "../run.ts";
import { type Simulation, simulate } from "../simulate.ts";
import type { TestOptions } from "../test-options.ts";

/**
 * Runs a test in virtual time.
 *
 * @throws {TestCrash} when a node does not start, does not answer `init`, or leaves a rejection to
 *   nobody.
 */
export async function simulateProgram(
  options: TestOptions,
  simulation: Simulation,
): Promise<TestResult> {
  const unhandled: unknown[] = [];
  const collect = (error: unknown) => void unhandled.push(error);
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", collect);
  try {
    return simulate(options, simulation);
  } finally {
    await new Promise(setImmediate);
    process.off("unhandledRejection", collect);
    for (const other of others) process.on("unhandledRejection", other);
    const [first] = unhandled;
    // biome-ignore lint/correctness/noUnsafeFinally: the crash is the reason of whatever came before.
    if (unhandled.length > 0) throw new TestCrash(describe(first, unhandled.length));
  }
}

function describe(error: unknown, count: number): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const times = count === 1 ? "" : ` (the first of ${count})`;
  return `A node crashed: nothing handles the rejection of a promise${times}. Await the promise, or catch its rejection\n${text}`;
}
