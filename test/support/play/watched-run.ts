/** A simulated run as the playground shows it. */
import type { AnyProgram } from "../../../lib/vortex/index.ts";
import { Run } from "../../../lib/workbench/report/page/run/run.ts";
import { RunRecorder } from "../../../lib/workbench/report/recorder/run-recorder.ts";
import type { LogLine } from "../../../lib/workbench/run/log-line.ts";
import type { WorkloadName } from "../../../lib/workbench/workloads/index.ts";
import { runSimulated, type SimulatedOptions, testOptionsOf } from "../simulations/simulate.ts";

export function watchedRun(workload: WorkloadName, program: AnyProgram, given: SimulatedOptions) {
  const logs: LogLine[] = [];
  const { history, messages, result } = runSimulated(workload, program, given, {
    onLog: (line) => void logs.push(line),
  });
  const recorder = new RunRecorder(testOptionsOf(workload, given), history);
  for (const event of messages) recorder.addMessage(event);
  for (const line of logs) recorder.addLog(line);
  const summary = { workload, command: "", seed: result.seed, options: [], verdict: "" };
  const lists = { gauges: [], findings: [], remarks: [] };
  const run = new Run(recorder.finish({ ...summary, ...lists, valid: result.valid }));
  return { run, history, messages };
}
