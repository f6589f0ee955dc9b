/**
 * Simulates a program that may exit, or leave a promise's rejection unhandled.
 *
 * Either would end a process, so it ends the test. The runtime reports unhandled rejections only after
 * the simulation, which runs in one task, so the report does not name the node.
 */

import { shorten } from "../../protocol/shorten.ts";
import type { NodeId } from "../../vortex/index.ts";
import type { TestResult } from "../run/results.ts";
import { type Simulation, simulate } from "../run/simulate.ts";
import { TestCrash } from "../run/test-crash.ts";
import type { TestOptions } from "../run/test-options.ts";

export interface ProgramSimulation extends Omit<Simulation, "onTurn"> {
  /** Called once, after the test, if nodes printed to stdout. */
  readonly onPrinted?: (text: string) => void;
}

/**
 * Runs a test in virtual time. Discards what nodes print to stdout, which belongs to the command.
 *
 * @throws {TestCrash} if a node does not start or answer `init`, exits, or leaves a rejection
 *   unhandled.
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
    crashes.push(`A node exited. Nodes must run until they are killed\n${error.stack}`);
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
    // biome-ignore lint/correctness/noUnsafeFinally: the crash explains any error thrown before.
    if (first !== undefined) throw new TestCrash(numbered(first, crashes.length));
  }
}

/** The first output of nodes to stdout, and the number of outputs. */
interface Printed {
  readonly node: NodeId;
  readonly first: string;
  count: number;
}

/** Functions of `console` that print to stdout. */
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

/** Captures stdout, which a simulation shares with the command that runs it. */
function divertStdout() {
  let running: NodeId = "";
  let printed: Printed | undefined;
  const capture = (...values: readonly unknown[]) => {
    printed ??= { node: running, first: values.map(asPrinted).join(" "), count: 0 };
    printed.count++;
  };
  const own = Object.fromEntries(PRINTERS.map((name) => [name, console[name]]));
  const { write } = process.stdout;
  Object.assign(console, Object.fromEntries(PRINTERS.map((name) => [name, capture])));
  process.stdout.write = (chunk: unknown, ...rest: readonly unknown[]) => {
    capture(typeof chunk === "string" ? chunk.trimEnd() : chunk);
    const onWritten = rest.at(-1);
    if (typeof onWritten === "function") queueMicrotask(() => onWritten());
    return true;
  };
  return {
    /** Attributes the following output to a node. */
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

function asPrinted(value: unknown): string {
  return typeof value === "string" ? value : Bun.inspect(value);
}

function describePrinted({ node, first, count }: Printed): string {
  const times = count === 1 ? "" : ` (all nodes together: ${count} times)`;
  return [
    `${node} printed to stdout${times}. Only messages may go there; use node.log for anything else`,
    `  first output  ${shorten(first)}`,
    "  As a process, the node would be ignored from then on.",
  ].join("\n");
}

function describeRejection(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `A node crashed: unhandled promise rejection. Await the promise, or catch its rejection\n${text}`;
}

/** Adds the number of crashes to the first line of the first one. */
function numbered(text: string, count: number): string {
  return count === 1 ? text : text.replace("\n", ` (the first of ${count})\n`);
}
