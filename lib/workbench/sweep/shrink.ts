/**
 * Reduces a failing run to a small one with the same anomaly: first the options of the test, then the
 * decisions of its run.
 */
import type { Decisions } from "../decisions.ts";
import { findingsOf } from "../run/check-history.ts";
import type { TestResult } from "../run/results.ts";
import type { TestOptions } from "../run/test-options.ts";
import type { Budget } from "./minimize.ts";
import { type DecidedTest, shrinkDecisions } from "./shrink-decisions.ts";
import { shrinkOptions } from "./shrink-options.ts";

/** A test that fails, and the decisions of its run if they differ from those of its seed. */
export interface FailingTest {
  readonly options: TestOptions;
  readonly decisions?: Decisions;
}

/** Anomalies that errors cause: another error is another anomaly. */
const OF_ERRORS: ReadonlySet<string> = new Set(["never-ok", "unavailable"]);

/**
 * Names the anomaly of a result by its first finding, with the assertion that failed or the most frequent
 * error; `undefined` if it is valid.
 */
export function anomalyOf(result: TestResult): string | undefined {
  if (result.valid === true) return undefined;
  const [failed] = result.assertions?.failures ?? [];
  const [error] = result.requestErrors ?? [];
  const anomaly = findingsOf(result)[0]?.anomaly ?? "unknown";
  if (failed !== undefined) return `${anomaly} ${failed.name}`;
  if (error === undefined || !OF_ERRORS.has(anomaly)) return anomaly;
  return [anomaly, error.kind, ...(error.code === undefined ? [] : [error.code])].join(" ");
}

export interface ShrinkOptions {
  /** The anomaly of the test, which must remain. */
  readonly anomaly: string;
  /** Runs a test and returns its anomaly, or `undefined` if it is valid. */
  readonly anomalyOf: (test: FailingTest) => Promise<string | undefined>;
  /** Runs a test and returns its decisions; `undefined` if it has none. */
  readonly record: (test: FailingTest) => Promise<Decisions | undefined>;
  readonly budget: Budget;
}

/** Maximum number of tests, and maximum processor time in ms, of `vortex sim --shrink`. */
export const MAX_SHRINK_TRIES = 3000;
export const MAX_SHRINK_MS = 10_000;

/** The part of the budget for options: smaller tests make everything after them faster. */
const OPTIONS_PART = 0.3;

export async function shrink(
  failing: FailingTest,
  { anomaly, anomalyOf, record, budget }: ShrinkOptions,
): Promise<FailingTest> {
  const start =
    failing.decisions === undefined
      ? {
          options: await shrinkOptions(
            failing.options,
            anomaly,
            (options) => anomalyOf({ options }),
            budget.part(OPTIONS_PART),
          ),
        }
      : failing;
  const recorded = await record(start);
  if (recorded?.main === undefined) return start;
  const { main } = recorded;
  const decided = { options: start.options, decisions: { ...recorded, main } };
  // The run may end in a crash that its decisions do not repeat.
  if ((await anomalyOf(decided)) !== anomaly) return start;
  const smallest = await shrinkDecisions(
    decided,
    async (candidate) => budget.take() && (await anomalyOf(candidate)) === anomaly,
  );
  // A command without decisions is easier to read.
  return sizeOf(smallest) < sizeOf(decided) ? smallest : start;
}

/** The operations, lost and late messages and nodes of a test. */
function sizeOf({ options, decisions: { main, final, messages = {} } }: DecidedTest): number {
  const links = Object.values(messages);
  return [main.operations, final?.operations ?? [], ...links, options.nodeIds]
    .map((part) => Object.keys(part).length)
    .reduce((sum, length) => sum + length);
}
