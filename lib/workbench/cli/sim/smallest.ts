/** Prints the smallest failing test, and stores it if a report is wanted. */
import { plural } from "../../checkers/wording.ts";
import type { Decisions } from "../../decisions.ts";
import { InvalidOptions } from "../../invalid-options.ts";
import { printable } from "../../report/terminal/printable.ts";
import { describeStory } from "../../report/terminal/story.ts";
import type { Trace } from "../../report/terminal/trace.ts";
import { findingsOf } from "../../run/check-history.ts";
import { TestCrash } from "../../run/test-crash.ts";
import type { TestOptions } from "../../run/test-options.ts";
import { explore } from "../../search/explore.ts";
import { Budget } from "../../sweep/minimize.ts";
import {
  anomalyOf,
  type FailingTest,
  MAX_SHRINK_MS,
  MAX_SHRINK_TRIES,
  shrink,
} from "../../sweep/shrink.ts";
import type { ProgramSimulation } from "../../sweep/simulate-program.ts";
import { StalledProgram } from "../../sweep/stalled-program.ts";
import { decisionsWord } from "../decisions.ts";
import { remark } from "../live.ts";
import { storeRun } from "./store-run.ts";
import { run, type SimFlags, type Subject, simulateSubject } from "./subject.ts";

export async function printSmallest(
  subject: Subject,
  failing: TestOptions,
  flags: SimFlags,
): Promise<void> {
  // With --json, stdout is for the result only.
  const print = flags.json ? remark : (text: string) => console.log(text);
  const first = subject.decisions === undefined ? {} : { decisions: subject.decisions };
  const start = { options: explore(failing).options, ...first };
  const anomaly = await anomalyOfTest(subject, { options: failing, ...first });
  if (anomaly === undefined) return;
  const smallest = await shrink(start, {
    anomaly,
    anomalyOf: (test) => anomalyOfTest(subject, test),
    record: (test) => decisionsOf(subject, test),
    budget: new Budget(MAX_SHRINK_TRIES, MAX_SHRINK_MS, processorMs),
  });
  const { options, decisions } = smallest;
  const word = decisions && decisionsWord(decisions, flags.store, subject.file);
  const command = subject.replay(options, word);
  const small = await run({ ...subject, decisions }, options);
  remark(`Reduced to ${sizeOf(small.trace)} on ${plural(options.nodeIds.length, "node")}`);
  print(`\nSmallest failing test:\n  ${command}\n`);
  print(describeStory(small.trace, small.result === undefined ? [] : findingsOf(small.result)));
  if (small.result === undefined) print(printable(small.crash.message));
  if (flags.report) {
    const stored = { ...subject, decisions, replay: () => command };
    await storeRun(stored, options, small, flags, subject.replay(failing));
  }
}

/** Processor time of this process: on a busy machine, less would be tried in the same real time. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The operations of clients and the faults of a run, in words. */
function sizeOf({ events }: Trace): string {
  const operations = events.flatMap((event) =>
    event.kind === "operation" ? [event.operation] : [],
  );
  const invoked = operations.filter(({ type }) => type === "invoke");
  const started = operations.filter(
    ({ process, f }) => process === "nemesis" && f.startsWith("start-"),
  );
  // Both ends of an operation of the nemesis are of type info.
  return `${plural(invoked.length, "operation")} and ${plural(started.length / 2, "fault")}`;
}

async function anomalyOfTest(
  subject: Subject,
  { options, decisions }: FailingTest,
): Promise<string | undefined> {
  try {
    return anomalyOf(await simulateSubject({ ...subject, decisions }, options));
  } catch (error) {
    // It would take the limit each time.
    if (error instanceof StalledProgram) return undefined;
    if (error instanceof TestCrash) return "crash";
    // A smaller test may not fit the workload: lin-kv restricts the number of clients.
    if (error instanceof InvalidOptions) return undefined;
    throw error;
  }
}

async function decisionsOf(
  subject: Subject,
  { options, decisions }: FailingTest,
): Promise<Decisions | undefined> {
  let recorded: Decisions | undefined;
  const onDecisions: ProgramSimulation["onDecisions"] = (found) => {
    recorded = found;
  };
  await run({ ...subject, decisions }, options, undefined, { onDecisions });
  return recorded;
}
