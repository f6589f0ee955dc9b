/** Reduces a failing run, as `vortex sim --shrink` does. */
import type { Decisions } from "../../decisions.ts";
import { explore } from "../../search/explore.ts";
import { Budget } from "../../sweep/minimize.ts";
import {
  anomalyOf,
  type FailingTest,
  MAX_SHRINK_MS,
  MAX_SHRINK_TRIES,
  shrink,
} from "../../sweep/shrink.ts";
import { fitsWorkload } from "../../workloads/index.ts";
import type { LoadedProgram, Runnable } from "./runner.ts";

/**
 * Returns the smallest test found with the same anomaly; `undefined` if the run is valid after all.
 *
 * @param onTry Called before each run, with their number.
 */
export async function shrinkRun(
  program: LoadedProgram,
  { options, args, decisions }: Runnable,
  nowMs: () => number,
  onTry: (count: number) => void,
): Promise<FailingTest | undefined> {
  const withDecisions = decisions === undefined ? {} : { decisions };
  let tryCount = 0;
  const run = (test: FailingTest, isRecorded: boolean) => {
    onTry(++tryCount);
    return program.run({ args, options: test.options, decisions: test.decisions }, { isRecorded });
  };
  const anomalyOfTest = async (test: FailingTest): Promise<string | undefined> => {
    if (!fitsWorkload(test.options)) return undefined;
    const ending = await run(test, false);
    if (ending.type === "result") return anomalyOf(ending.result);
    return ending.type === "crash" ? "crash" : undefined;
  };
  const record = async (test: FailingTest): Promise<Decisions | undefined> => {
    const ending = await run(test, true);
    return ending.type === "result" ? ending.record?.decisions : undefined;
  };
  const anomaly = await anomalyOfTest({ options, ...withDecisions });
  if (anomaly === undefined) return undefined;
  return shrink(
    { options: explore(options).options, ...withDecisions },
    {
      anomaly,
      anomalyOf: anomalyOfTest,
      record,
      budget: new Budget(MAX_SHRINK_TRIES, MAX_SHRINK_MS, nowMs),
    },
  );
}
