/**
 * The workbench: runs nodes and judges what they did, as Maelstrom does.
 *
 * The `vortex` command (main.ts) is made of these.
 */
export type {
  Checker,
  CheckOptions,
  Finding,
  Validity,
  Verdict,
} from "./checkers/checker.ts";
export type { BadLine, Cluster, Crash } from "./cluster.ts";
export type { History, Operation, OperationType, Process } from "./history.ts";
export type { JournalEvent, MessageCounts } from "./journal.ts";
export { type Judgement, judgeHistory } from "./judgement.ts";
export type { Latency, LatencyDistribution } from "./latency.ts";
export type { Fault } from "./nemesis/faults.ts";
export { Network } from "./network.ts";
export { ProcessCluster, type ProcessClusterOptions } from "./process-cluster.ts";
export { randomStream } from "./random.ts";
export type { TestResult } from "./results.ts";
export { type Environment, runTest, TestCrash, type TestParts } from "./run.ts";
export { Scheduler } from "./scheduler.ts";
export { STAGES, type Stage, type Target } from "./stages.ts";
export {
  type RunDescription,
  RunStore,
  type RunStoreOptions,
  StoreError,
} from "./store.ts";
export { readHistories, type StoredHistory } from "./stored-history.ts";
export { DEFAULTS, nodeNames, type TestOptions } from "./test-options.ts";
export { WORKLOAD_NAMES, WORKLOADS, type WorkloadName } from "./workloads/index.ts";
export type { Connection, Workload, WorkloadClient } from "./workloads/workload.ts";
