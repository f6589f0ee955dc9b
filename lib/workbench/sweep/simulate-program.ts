/**
 * Simulates a program that may exit, loop without end, reach outside, or leave a rejection unhandled.
 *
 * An exit or error that would end a process ends the test. The runtime reports unhandled rejections only
 * after the simulation, which runs in one task, so the report does not name the node.
 */
import { shorten } from "../../protocol/shorten.ts";
import type { NodeId } from "../../vortex/index.ts";
import type { Delivery } from "../network/delivery.ts";
import type { TestResult } from "../run/results.ts";
import { simulate } from "../run/simulate.ts";
import type { Simulation } from "../run/simulation.ts";
import { TestCrash } from "../run/test-crash.ts";
import type { TestOptions } from "../run/test-options.ts";
import { divertExits } from "./divert-exits.ts";
import { describeException, describeRejection, divertRejections } from "./divert-rejections.ts";
import { divertStdout, type Printed } from "./divert-stdout.ts";
import { divertOutsideWorld, type Use } from "./outside-world.ts";
import { Stall, watched } from "./progress-watch.ts";
import { StalledProgram, Turn } from "./stalled-program.ts";

export interface ProgramSimulation extends Omit<Simulation, "onTurn"> {
  /** Called after the test with what the user should know of the program. */
  readonly onPrinted?: (text: string) => void;
  /** Maximum real time of one event, in seconds. */
  readonly stallLimitS: number;
  /** Called with `true` about every 50 ms while events run, and with `false` after the last one. */
  readonly onProgress?: (isRunning: boolean) => void;
}

/**
 * Runs a test in virtual time. Discards what nodes print to stdout, which belongs to the command.
 *
 * A valid run whose nodes started real timers, sockets or processes has no verdict: as a process, the
 * program would have behaved differently.
 *
 * @throws {TestCrash} if a node does not start or answer `init`, exits, leaves a rejection unhandled,
 *   or does not return from a message or a timer.
 */
export async function simulateProgram(
  options: TestOptions,
  { onPrinted, stallLimitS, onProgress = () => {}, ...simulation }: ProgramSimulation,
): Promise<TestResult> {
  const crashes: string[] = [];
  let isTracing = false;
  let traced: string | undefined;
  const uses = new Uses();
  const turn = new Turn();
  const stdout = divertStdout();
  const restore = [
    divertOutsideWorld((use) => uses.add(turn.node, use)),
    divertRejections(
      (error) => {
        const text = `A node crashed: ${describeRejection(error)}`;
        // The run is repeated with traces below: its first rejection is the same one.
        if (isTracing) traced ??= text;
        else crashes.push(text);
      },
      (error) => {
        if (!isTracing) crashes.push(`A node crashed: ${describeException(error)}`);
      },
    ),
    divertExits((call, error) => {
      crashes.push(`A node exited. Nodes must run until they are killed\n${call}\n${error.stack}`);
    }),
  ];
  const onTurn = (node: NodeId, received?: Delivery) => {
    stdout.setNode(node);
    turn.set(node, received);
  };
  try {
    const result = simulate(options, {
      ...simulation,
      onTurn,
      repeatStep: (step) => {
        watched(stallLimitS * 1000, () => onProgress(true))(step);
        onProgress(false);
      },
    });
    const summary = uses.describe(({ isMisleading }) => isMisleading);
    if (summary === undefined || result.valid !== true) return result;
    return { ...result, valid: "unknown", error: summary };
  } catch (error) {
    if (!(error instanceof Stall)) throw error;
    const stalled = turn.describe();
    throw new StalledProgram(stalled, stallLimitS, error.eventCount);
  } finally {
    const printed = stdout.restore();
    if (printed !== undefined) onPrinted?.(describePrinted(printed));
    const summary = uses.describe();
    if (summary !== undefined) onPrinted?.(summary);
    await new Promise(setImmediateOfHost);
    if (crashes[0]?.startsWith(UNTRACED)) {
      isTracing = true;
      const { program, args = [], parts = {}, decisions } = simulation;
      try {
        simulate(options, { program, args, parts, decisions, tracesRpcs: true });
      } catch {
        // The first run has reported it.
      }
      await new Promise(setImmediateOfHost);
      if (traced !== undefined) crashes[0] = traced;
    }
    for (const undo of restore) undo();
    const [first] = crashes;
    // biome-ignore lint/correctness/noUnsafeFinally: the crash explains any error thrown before.
    if (first !== undefined) throw new TestCrash(numbered(first, crashes.length));
  }
}

/** The beginning of a rejection whose stack does not lead to the program. */
const UNTRACED = "A node crashed: unhandled promise rejection. ";

// The program's calls are diverted while it is simulated.
const setImmediateOfHost = setImmediate;

/** Uses of the outside world by nodes, with their counts. */
class Uses {
  readonly #counts = new Map<string, { readonly node: NodeId; readonly use: Use; count: number }>();

  add(node: NodeId, use: Use): void {
    const key = `${use.name} ${use.place}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { node, use, count: 1 });
    else known.count++;
  }

  describe(isWanted: (use: Use) => boolean = () => true): string | undefined {
    const wanted = [...this.#counts.values()].filter(({ use }) => isWanted(use));
    return wanted.length === 0 ? undefined : wanted.map(describeUse).join("\n");
  }
}

function describeUse({ node, use, count }: { node: NodeId; use: Use; count: number }): string {
  const { name, place, instead } = use;
  const times = count === 1 ? "" : ` (all nodes together: ${count} times)`;
  const where = place === undefined ? "" : ` at ${place}`;
  return `${node} called ${name}${where}${times}. Use ${instead}`;
}

function describePrinted({ node, first, count }: Printed): string {
  const times = count === 1 ? "" : ` (all nodes together: ${count} times)`;
  return [
    `${node} printed to stdout${times}. Only messages may go there; use node.log for anything else`,
    `  first output  ${shorten(first)}`,
    "  As a process, the node would be ignored from then on.",
  ].join("\n");
}

/** Adds the number of crashes to the first line of the first one. */
function numbered(text: string, count: number): string {
  return count === 1 ? text : text.replace("\n", ` (the first of ${count})\n`);
}
