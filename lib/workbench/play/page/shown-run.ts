/** A run that has ended, as the page shows it: with the data of the report. */
import { stringifyJson } from "../../../vortex/index.ts";
import type { Decisions } from "../../decisions.ts";
import { summaryOf } from "../../report/html/run-summary.ts";
import { Run } from "../../report/page/run/run.ts";
import { RunRecorder } from "../../report/recorder/run-recorder.ts";
import type { TestResult } from "../../run/results.ts";
import type { TestOptions } from "../../run/test-options.ts";
import type { Stage } from "../../stages/stages.ts";
import { storable } from "../../store/json-layout.ts";
import { readDescription, readResults } from "../../store/stored-results.ts";
import type { Inspection, RunRecord } from "../engine/protocol.ts";
import type { Work } from "./work.ts";

/** A program's test, as it was run. */
export interface RunInput {
  readonly options: TestOptions;
  /** The program's arguments. */
  readonly args: readonly string[];
  /** The decisions that it replayed; {@link RunRecord.decisions} are all that were made in it. */
  readonly decisions: Decisions | undefined;
  /** The command that repeats it. */
  readonly command: string;
  /** The stage that it is a run of. */
  readonly stage: Stage | undefined;
  /** The program and its options, as they were when it ran. */
  readonly work: Work;
  /** Command of the test that was reduced to this one. */
  readonly shrunkFrom: string | undefined;
  /** Runs it again, to see the states of nodes; `undefined` if that run has no result. */
  readonly inspect: (nodes: readonly string[]) => Promise<readonly Inspection[] | undefined>;
}

export interface ShownRun extends RunInput {
  readonly result: TestResult;
  readonly record: RunRecord;
  /** The columns of the report, which the diagrams draw. */
  readonly run: Run;
}

export function showRun(input: RunInput, result: TestResult, record: RunRecord): ShownRun {
  const { options, args, command, stage, shrunkFrom } = input;
  const description = readDescription(
    stringifyJson(storable({ command, args, options: { ...options, definition: undefined } })),
  );
  const results = readResults(stringifyJson(storable(result)));
  const { workload, nodeIds, concurrency } = options;
  const recorder = new RunRecorder({ workload, nodeIds, concurrency }, record.history);
  for (const event of record.messages) recorder.addMessage(event);
  for (const line of record.logs) recorder.addLog(line);
  const summary = {
    ...summaryOf(description, results, { target: stage?.target }),
    command,
    ...(shrunkFrom === undefined ? {} : { shrunkFrom }),
  };
  const run = new Run(recorder.finish(summary));
  return { ...input, result, record, run };
}
