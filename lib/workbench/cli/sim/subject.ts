/** A program to simulate, and one simulation of it with its trace. */
import type { AnyProgram } from "../../../vortex/index.ts";
import type { Decisions } from "../../decisions.ts";
import { describeDiagnostic } from "../../report/terminal/diagnostic.ts";
import { Trace, TraceComparison } from "../../report/terminal/trace.ts";
import type { AssertionCatalog } from "../../run/assertions.ts";
import type { TestResult } from "../../run/results.ts";
import type { TestParts } from "../../run/test.ts";
import { TestCrash } from "../../run/test-crash.ts";
import type { TestOptions } from "../../run/test-options.ts";
import { explore } from "../../search/explore.ts";
import { addPlaces } from "../../sweep/sample.ts";
import type { Shard } from "../../sweep/seeds.ts";
import { type ProgramSimulation, simulateProgram } from "../../sweep/simulate-program.ts";
import { StalledProgram } from "../../sweep/stalled-program.ts";
import { remark } from "../live.ts";
import type { NatsFlags } from "../nats-flags.ts";
import type { TestFlags } from "../test-flags.ts";

export interface SimFlags extends TestFlags, NatsFlags {
  readonly export?: string;
  readonly seeds?: readonly number[];
  readonly shard?: Shard;
  /** Length of a campaign, in seconds. */
  readonly for?: number;
  /** Directory of a campaign. */
  readonly corpus?: string;
  readonly jobs?: number;
  readonly stopAfter?: number;
  readonly out?: string;
  readonly shrink?: true;
  readonly logStderr?: true;
  readonly strictRun?: true;
  readonly strictStdout?: true;
  readonly json?: true;
  /** File of the key that signs the program for workers on NATS. */
  readonly sign?: string;
  readonly resume?: true;
  readonly worker?: true;
  /** File with the names that the tester of this worker uses. */
  readonly as?: string;
  readonly supervised?: true;
  readonly sample?: string;
  readonly stallLimit: number;
  readonly report?: true;
  readonly verbose?: true;
  readonly decisions?: string;
  readonly writeDecisions?: string;
  readonly store: string;
}

/** The program to run, and how to repeat a run. */
export interface Subject {
  readonly program: AnyProgram;
  /** The assertions in its sources. */
  readonly catalog: AssertionCatalog;
  /** File of the program. */
  readonly file: string;
  /** Absolute paths of all modules that it, the workload and the nemeses have loaded. */
  readonly modules: readonly string[];
  readonly args: readonly string[];
  readonly parts: TestParts;
  /** Whether an invalid line ends a test. */
  readonly isStrict: boolean;
  readonly stallLimitS: number;
  /** Called when a simulation makes progress, and with `false` when none runs any more. */
  readonly onProgress: (isRunning: boolean) => void;
  readonly options: TestOptions;
  /** Decisions that a run replays in place of chance. */
  readonly decisions?: Decisions | undefined;
  /**
   * Returns the command of a test.
   *
   * @param decisions File or JSON; those of the flags by default.
   */
  readonly replay: (options: TestOptions, decisions?: string) => string;
}

/** The trace of a test, and its result or crash. */
export type Run = { readonly trace: Trace } & (
  | { readonly result: TestResult }
  | { readonly result?: undefined; readonly crash: TestCrash }
);

/** Runs a test, which its seed draws if the options have search strategies. */
export function simulateSubject(
  subject: Subject,
  options: TestOptions,
  more: Partial<ProgramSimulation> = {},
): Promise<TestResult> {
  const explored = explore(options);
  const parts = { ...subject.parts, ...explored.parts };
  return simulateProgram(explored.options, { ...subject, parts, ...more });
}

type Output = Pick<SimFlags, "seeds" | "logStderr">;

/** @param flags What to print while it runs. Nothing by default. */
export async function run(
  subject: Subject,
  options: TestOptions,
  flags?: Output,
  more: Pick<ProgramSimulation, "onDecisions"> = {},
): Promise<Run> {
  const trace = new Trace();
  try {
    const result = await simulateSubject(subject, options, {
      ...more,
      ...(flags === undefined ? {} : { onPrinted: remark }),
      onOperation: (operation) => trace.addOperation(operation),
      onMessage: (event) => trace.addMessage(event),
      onLog: (line) => {
        trace.addLog(line);
        if (flags?.logStderr) remark(`${line.node}: ${line.line}`);
      },
      ...(flags === undefined || flags.seeds !== undefined
        ? {}
        : {
            onDiagnostic: (diagnostic) => remark(describeDiagnostic(diagnostic)),
            onRemark: remark,
          }),
    });
    return { trace, result };
  } catch (crash) {
    if (crash instanceof StalledProgram) await addPlaces(crash, options.seed);
    if (crash instanceof TestCrash) return { trace, crash };
    throw crash;
  }
}

/** Runs a test again. Returns whether the run is identical, or ends with an equal crash. */
export async function isRepeatable(
  subject: Subject,
  options: TestOptions,
  once: Run,
): Promise<boolean> {
  const comparison = new TraceComparison(once.trace);
  try {
    await simulateSubject(subject, options, {
      // What explains the result is known from the first run.
      isExplained: once.result === undefined,
      onOperation: (operation) => comparison.addOperation(operation),
      onMessage: (event) => comparison.addMessage(event),
    });
    return once.result !== undefined && comparison.isSame;
  } catch (crash) {
    if (!(crash instanceof TestCrash)) throw crash;
    return once.result === undefined && firstLineOf(crash) === firstLineOf(once.crash);
  }
}

/** The stack trace below the first line contains this command, and may differ. */
function firstLineOf({ message }: TestCrash): string {
  return message.split("\n", 1).join();
}

/** Whether the program did not return from a message or a timer. To run it again would take as long. */
export function isStalled(
  run: Run,
): run is Run & { readonly result?: undefined; readonly crash: StalledProgram } {
  return run.result === undefined && run.crash instanceof StalledProgram;
}

/** The command of the test, without a seed. */
export function commandOf({ options, replay }: Subject): string {
  const { seed: _, ...test } = options;
  return replay({ ...test, seed: 0 }).replace(" --seed 0", "");
}
