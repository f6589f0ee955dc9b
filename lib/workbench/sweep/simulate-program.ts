/**
 * A simulation of a program that may leave a promise's rejection to nobody, or exit.
 *
 * Either ends a process, so it ends the test, whichever node it was: the runtime tells of such a
 * rejection only after the simulation, which is one piece of work to it.
 */

import { shorten } from "../../protocol/message.ts";
import type { NodeId } from "../../vortex/index.ts";
import type { TestResult } from "../run/results.ts";
import { type Simulation, simulate } from "../run/simulate.ts";
import { TestCrash } from "../run/test.ts";
import type { TestOptions } from "../run/test-options.ts";

export interface ProgramSimulation extends Omit<Simulation, "onTurn"> {
  /** Hears of what nodes print to stdout, once, after the test. */
  readonly onPrinted?: (text: string) => void;
}

/**
 * Runs a test in virtual time. What nodes print to stdout goes nowhere: it is for the command's own.
 *
 * @throws {TestCrash} when a node does not start, does not answer `init`, leaves a rejection to
 *   nobody, or exits.
 */
export async function simulateProgram(
  options: TestOptions,
  { onPrinted, ...simulation }: ProgramSimulation,
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
  const stdout = divertStdout();
  try {
    return simulate(options, { ...simulation, onTurn: stdout.setNode });
  } finally {
    const printed = stdout.restore();
    if (printed !== undefined) onPrinted?.(describePrinted(printed));
    await new Promise(setImmediate);
    process.exit = exit;
    process.off("unhandledRejection", collect);
    for (const other of others) process.on("unhandledRejection", other);
    const [first] = crashes;
    // biome-ignore lint/correctness/noUnsafeFinally: the crash is the reason of whatever came before.
    if (first !== undefined) throw new TestCrash(numbered(first, crashes.length));
  }
}

/** What nodes print to stdout: how often, and the first of it. */
interface Printed {
  readonly node: NodeId;
  readonly first: string;
  count: number;
}

/** What of `console` goes to stdout. */
const PRINTERS = [
  "log",
  "info",
  "debug",
  "dir",
  "dirxml",
  "table",
  "group",
  "groupCollapsed",
  "count",
  "timeEnd",
  "timeLog",
] as const;

/** Takes what is printed to stdout, which a simulation shares with the command that runs it. */
function divertStdout() {
  let running: NodeId = "";
  let printed: Printed | undefined;
  const take = (...values: readonly unknown[]) => {
    printed ??= { node: running, first: values.map(shown).join(" "), count: 0 };
    printed.count++;
  };
  const own = Object.fromEntries(PRINTERS.map((name) => [name, console[name]]));
  const { write } = process.stdout;
  Object.assign(console, Object.fromEntries(PRINTERS.map((name) => [name, take])));
  process.stdout.write = (chunk: unknown, ...rest: readonly unknown[]) => {
    take(typeof chunk === "string" ? chunk.trimEnd() : chunk);
    const onWritten = rest.at(-1);
    if (typeof onWritten === "function") queueMicrotask(() => onWritten());
    return true;
  };
  return {
    /** Says whose doing is what is printed from now on. */
    setNode: (node: NodeId) => {
      running = node;
    },
    restore: (): Printed | undefined => {
      Object.assign(console, own);
      process.stdout.write = write;
      return printed;
    },
  };
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : Bun.inspect(value);
}

function describePrinted({ node, first, count }: Printed): string {
  const times = count === 1 ? "" : `, as nodes did ${count} times in all`;
  return [
    `${node} printed to stdout${times}. Only messages may go there: node.log is for remarks`,
    `  what it says  ${shorten(first)}`,
    "  As a process, the node would not be heard any more.",
  ].join("\n");
}

function describeRejection(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `A node crashed: nothing handles the rejection of a promise. Await the promise, or catch its rejection\n${text}`;
}

/** The first of several crashes, with their number at the end of its first line. */
function numbered(text: string, count: number): string {
  return count === 1 ? text : text.replace("\n", ` (the first of ${count})\n`);
}
