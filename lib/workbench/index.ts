/**
 * The workbench: runs nodes and checks their histories, as Maelstrom does. The `vortex` command
 * (main.ts) is built on it.
 */
export type {
  Checker,
  CheckOptions,
  Finding,
  Validity,
  Verdict,
} from "./checkers/checker.ts";
export type { BadLine, Cluster, Crash } from "./clusters/cluster.ts";
export { ProcessCluster, type ProcessClusterOptions } from "./clusters/process-cluster.ts";
export { Scheduler } from "./clusters/scheduler.ts";
export type { History, Operation, OperationType, Process } from "./history/history.ts";
export type { Fault } from "./nemesis/faults.ts";
export type { JournalEvent, MessageCounts } from "./network/journal.ts";
export type { Latency, LatencyDistribution } from "./network/latency.ts";
export { Network } from "./network/network.ts";
export { randomStream } from "./random.ts";
export {
  checkHistory,
  checkStoredHistory,
  type HistoryVerdicts,
  type StoredCheck,
} from "./run/check-history.ts";
export type { TestResult } from "./run/results.ts";
export { type Environment, runTest, type TestParts } from "./run/test.ts";
export { TestCrash } from "./run/test-crash.ts";
export { DEFAULTS, nodeNames, type TestOptions } from "./run/test-options.ts";
export { STAGES, type Stage } from "./stages/stages.ts";
export {
  type RunDescription,
  RunStore,
  type RunStoreOptions,
  StoreError,
} from "./store/run-store.ts";
export { readHistories, type StoredHistory } from "./store/stored-history.ts";
export { WORKLOAD_NAMES, WORKLOADS, type WorkloadName } from "./workloads/index.ts";
export type { Target } from "./workloads/stage.ts";
export type { Workload, WorkloadClient } from "./workloads/workload.ts";
