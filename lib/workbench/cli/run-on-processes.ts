import { systemClock } from "../../vortex/serve.ts";
import { ProcessCluster } from "../clusters/process-cluster.ts";
import type { TestResult } from "../run/results.ts";
import { type Environment, runTest, type TestParts } from "../run/test.ts";
import { TestCrash } from "../run/test-crash.ts";
import type { TestOptions } from "../run/test-options.ts";
import type { RunStore } from "../store/run-store.ts";
import { nodeDataOf } from "./node-data.ts";
import { reportRun } from "./report.ts";

export interface ProcessRun
  extends Pick<
    Environment,
    "onOperation" | "onMessage" | "onLog" | "onDiagnostic" | "onRemark" | "isStrict" | "signal"
  > {
  /** Absolute path of the program. */
  readonly bin: string;
  readonly args: readonly string[];
  readonly parts?: TestParts;
  /** Stores the run. */
  readonly store?: RunStore | undefined;
  /** Whether what the nodes have stored is kept, in the directory of the stored run. */
  readonly keepsData?: boolean;
  /** Whether a report is written even if the run is valid. */
  readonly wantsReport?: boolean;
}

/**
 * Runs a test in real time, on nodes that are processes.
 *
 * @throws {TestCrash} as `runTest` does, with the directory of the stored run.
 */
export async function runOnProcesses(options: TestOptions, run: ProcessRun): Promise<TestResult> {
  const { bin, args, parts, store, keepsData = false, wantsReport = false, ...environment } = run;
  const { onOperation, onMessage, onLog, onRemark } = environment;
  const data = nodeDataOf(store);
  try {
    const stored: Environment = {
      ...environment,
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
    };
    const result = await runTest(options, stored, parts);
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
  } finally {
    if (!keepsData) data.remove((text) => onRemark?.(text));
  }
}
