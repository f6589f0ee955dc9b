/** Prints the smallest failing test, and stores it if a report is wanted. */
import { InvalidOptions } from "../../invalid-options.ts";
import { printable } from "../../report/terminal/printable.ts";
import { describeStory } from "../../report/terminal/story.ts";
import { findingsOf } from "../../run/check-history.ts";
import { TestCrash } from "../../run/test-crash.ts";
import type { TestOptions } from "../../run/test-options.ts";
import { explore } from "../../search/explore.ts";
import { shrink } from "../../sweep/shrink.ts";
import { StalledProgram } from "../../sweep/stalled-program.ts";
import { remark } from "../live.ts";
import { storeRun } from "./store-run.ts";
import { run, type SimFlags, type Subject, simulateSubject } from "./subject.ts";

/** Maximum number of tests that shrinking runs. */
const MAX_SHRINK_TRIES = 500;

export async function printSmallest(
  subject: Subject,
  failing: TestOptions,
  flags: SimFlags,
): Promise<void> {
  // With --json, stdout is for the result only.
  const print = flags.json ? remark : (text: string) => console.log(text);
  const anomalyOf = async (options: TestOptions): Promise<string | undefined> => {
    try {
      const result = await simulateSubject(subject, options);
      if (result.valid === true) return undefined;
      const [failed] = result.assertions?.failures ?? [];
      const anomaly = findingsOf(result)[0]?.anomaly ?? "unknown";
      return failed === undefined ? anomaly : `${anomaly} ${failed.name}`;
    } catch (error) {
      // It would take the limit each time.
      if (error instanceof StalledProgram) return undefined;
      if (error instanceof TestCrash) return "crash";
      // A smaller test may not fit the workload: lin-kv restricts the number of clients.
      if (error instanceof InvalidOptions) return undefined;
      throw error;
    }
  };
  const anomaly = await anomalyOf(failing);
  if (anomaly === undefined) return;
  const smallest = await shrink(explore(failing).options, anomaly, anomalyOf, MAX_SHRINK_TRIES);
  print(`\nSmallest failing test:\n  ${subject.replay(smallest)}\n`);
  const small = await run(subject, smallest);
  print(describeStory(small.trace, small.result === undefined ? [] : findingsOf(small.result)));
  if (small.result === undefined) print(printable(small.crash.message));
  if (flags.report) await storeRun(subject, smallest, small, flags, subject.replay(failing));
}
