import { systemClock } from "../../vortex/serve.ts";
import { ProcessCluster } from "../clusters/process-cluster.ts";
import type { TestResult } from "../run/results.ts";
import { type Environment, runTest, type TestParts } from "../run/test.ts";
import { TestCrash } from "../run/test-crash.ts";
import type { TestOptions } from "../run/test-options.ts";
import type { RunStore } from "../store/run-store.ts";
import { nodeDataOf } from "./node-data.ts";
import { reportRun } from "./report.ts";

/** A run in real time, and who watches it. */
export interface StoredRun
  extends Pick<
    Environment,
    "onOperation" | "onMessage" | "onLog" | "onDiagnostic" | "onRemark" | "isStrict" | "signal"
  > {
  readonly parts?: TestParts;
  /** Stores the run. */
  readonly store?: RunStore | undefined;
  /** Whether a report is written even if the run is valid. */
  readonly wantsReport?: boolean;
}

export interface ProcessRun extends StoredRun {
  /** Absolute path of the program. */
  readonly bin: string;
  readonly args: readonly string[];
  /** Whether what the nodes have stored is kept, in the directory of the stored run. */
  readonly keepsData?: boolean;
}

/**
 * Runs a test in real time, on nodes that are processes.
 *
 * @throws {TestCrash} as `runTest` does, with the directory of the stored run.
 */
export async function runOnProcesses(options: TestOptions, run: ProcessRun): Promise<TestResult> {
  const { bin, args, keepsData = false, ...stored } = run;
  const { onRemark } = run;
  const data = nodeDataOf(run.store);
  try {
    return await storing(options, stored, (runStored) =>
      runStored({
        makeCluster: ({ network, onBadLine, onStderr }) =>
          new ProcessCluster({
            bin,
            args,
            dataDirectory: data.directory,
            network,
            onStderr,
            onBadLine,
            onRemark,
          }),
      }),
    );
  } finally {
    if (!keepsData) data.remove((text) => onRemark?.(text));
  }
}

/** Runs the test on nodes. */
export type RunStored = (nodes: Pick<Environment, "makeCluster" | "hosts">) => Promise<TestResult>;

/**
 * Runs a test in real time, and stores it.
 *
 * @throws {TestCrash} as `runTest` does, with the directory of the stored run.
 */
export async function storing(
  options: TestOptions,
  run: StoredRun,
  body: (runStored: RunStored) => Promise<TestResult>,
): Promise<TestResult> {
  const { parts, store, wantsReport = false, ...environment } = run;
  const { onOperation, onMessage, onLog, onRemark } = environment;
  try {
    const result = await body((nodes) =>
      runTest(
        options,
        {
          ...environment,
          ...nodes,
          onOperation: (operation) => {
            store?.addOperation(operation);
            onOperation?.(operation);
          },
          onMessage: (event) => {
            store?.addMessage(event);
            onMessage?.(event);
          },
          onLog: (line) => {
            store?.addLog(line);
            onLog?.(line);
          },
          clock: systemClock,
        },
        parts,
      ),
    );
    store?.addResults(result);
    store?.close();
    if (store !== undefined && (wantsReport || result.valid !== true)) {
      await reportRun(store, onRemark);
    }
    return result;
  } catch (error) {
    if (store === undefined) throw error;
    if (error instanceof TestCrash) store.addCrash(error.message);
    store.close();
    const where = `The records until then are in ${store.directory}`;
    if (error instanceof TestCrash) {
      await reportRun(store, onRemark);
      throw new TestCrash(`${error.message}\n${where}`, { cause: error });
    }
    onRemark?.(where);
    throw error;
  }
}
