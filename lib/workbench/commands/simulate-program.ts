/**
 * A simulation of a program that may leave a promise's rejection to nobody, or exit.
 *
 * Either ends a process, so it ends the test, whichever node it was: the runtime tells of such a
 * rejection only after the simulation, which is one piece of work to it.
 */
import type { TestResult } from "../results.ts";
import { TestCrash } from "../run.ts";
import { type Simulation, simulate } from "../simulate.ts";
import type { TestOptions } from "../test-options.ts";

/**
 * Runs a test in virtual time.
 *
 * @throws {TestCrash} when a node does not start, does not answer `init`, leaves a rejection to
 *   nobody, or exits.
 */
export async function simulateProgram(
  options: TestOptions,
  simulation: Simulation,
): Promise<TestResult> {
  const crashes: string[] = [];
  const collect = (error: unknown) => void crashes.push(describeRejection(error));
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", collect);
  const { exit } = process;
  process.exit = (code) => {
    const error = new Error(`process.exit(${code ?? ""})`);
    crashes.push(`A node exited: a node must run until it is killed\n${error.stack}`);
    throw error;
  };
  try {
    return simulate(options, simulation);
  } finally {
    await new Promise(setImmediate);
    process.exit = exit;
    process.off("unhandledRejection", collect);
    for (const other of others) process.on("unhandledRejection", other);
    const [first] = crashes;
    // biome-ignore lint/correctness/noUnsafeFinally: the crash is the reason of whatever came before.
    if (first !== undefined) throw new TestCrash(numbered(first, crashes.length));
  }
}

function describeRejection(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `A node crashed: nothing handles the rejection of a promise. Await the promise, or catch its rejection\n${text}`;
}

/** The first of several crashes, with their number at the end of its first line. */
function numbered(text: string, count: number): string {
  return count === 1 ? text : text.replace("\n", ` (the first of ${count})\n`);
}
