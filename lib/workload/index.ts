/**
 * Workloads of your own: what clients ask of nodes, in which order, and how the answers are checked.
 *
 * A file that exports a workload can be named wherever the name of one is expected:
 * `vortex test -w ./bank.ts --bin ./bank`.
 *
 * @module vortex/workload
 */
export { isRpcError, type Json, type NodeId, type Random, RpcError } from "../vortex/index.ts";
export { pickOne, randomInteger, shuffle } from "../vortex/random.ts";
export type {
  Checker,
  CheckOptions,
  CycleStep,
  Finding,
  LinearizationAttempt,
  LinearizationBar,
  LinearizationStep,
  PartialLinearization,
  Validity,
  Verdict,
} from "../workbench/checkers/checker.ts";
export {
  allOf,
  type BankTotalsOptions,
  bankTotals,
  counter,
  type InvariantFinding,
  type InvariantVerdict,
  invariant,
  log,
  setFull,
  type TransactionsOptions,
  transactions,
} from "../workbench/checkers/checks.ts";
export { type Composition, compose, type Failure } from "../workbench/checkers/compose.ts";
export type { ConvergenceVerdict, Replica } from "../workbench/checkers/convergence/index.ts";
export type { Staleness } from "../workbench/checkers/convergence/staleness.ts";
export type { CounterVerdict } from "../workbench/checkers/counter/index.ts";
export type { TransactionVerdict } from "../workbench/checkers/elle/anomalies.ts";
export type { Atom } from "../workbench/checkers/elle/transactions.ts";
export type { KafkaVerdict } from "../workbench/checkers/kafka/index.ts";
// Sequential models as plain code, and models that are ready.
export {
  type ClientOperation,
  independent,
  type LimitedSearch,
  type LinearizableOptions,
  type LinearizableVerdict,
  linearizable,
  type MappedOperation,
  type Model,
  type ModelOperation,
  oneOf,
  type Reporting,
  returned,
  sequential,
} from "../workbench/checkers/linearizable/index.ts";
export type {
  OneOf,
  OperationOf,
  OperationSchema,
  OperationTable,
  TypedOperation,
} from "../workbench/checkers/linearizable/model.ts";
export type { Mapping } from "../workbench/checkers/map-history.ts";
export {
  appendOnlyLog,
  type Balances,
  type BankOptions,
  bank,
  casMap,
  counterModel,
  expiringLock,
  type FencedLockState,
  fencedLock,
  fifoQueue,
  mutex,
  register,
  set,
  stack,
} from "../workbench/checkers/models/index.ts";
export type {
  Latencies,
  SetFullVerdict,
  StaleElement,
} from "../workbench/checkers/set-full/index.ts";
export type { RequestError } from "../workbench/clients/client-errors.ts";
export type {
  Context,
  Generator,
  GeneratorLike,
  Invocation,
  InvocationLike,
  Make,
  Step,
  Thread,
  Weighted,
} from "../workbench/clients/generator.ts";
export type { GeneratorParts } from "../workbench/clients/generator-parts.ts";
export type { Fields, ReplyLike, ReplyOf } from "../workbench/clients/reply.ts";
export type { DiskFault } from "../workbench/clusters/simulated-disks.ts";
export type { History, Operation as HistoryEntry } from "../workbench/history/history.ts";
export {
  type ClientContext,
  type Connection,
  type Convergence,
  type DefinedWorkload,
  defineWorkload,
  type Flags,
  type GeneratorContext,
  type Generators,
  type InvocationOf,
  type LastOperation,
  type NodeChoice,
  type Operation,
  type OperationContext,
  type OperationDefinition,
  type Operations,
  type OptionsOf,
  operation,
  type Routing,
  type RpcDefinition,
  rpc,
  type TestContext,
  type WorkloadDefinition,
} from "../workbench/workloads/definition.ts";
export type { WorkloadOptions } from "../workbench/workloads/options.ts";
export { fail, info, type Outcome, ok } from "../workbench/workloads/outcome.ts";
export { InvalidWorkload } from "../workbench/workloads/require-definition.ts";
export type { StageEntry, Target as StageTarget } from "../workbench/workloads/stage.ts";
export type { EarlyCheck, Summary } from "../workbench/workloads/summary.ts";

// Faults of your own: what is done to which nodes or links, when, and how it heals.

export {
  type AnyReply,
  type Cuts,
  type DiskFaultControl,
  defineNemesis,
  type Eventually,
  type FaultPart,
  type Injector,
  type KillOptions,
  type MessageFaultControl,
  type MessageFaultKind,
  type NemesisDefinition,
  type NemesisInvocation,
  type NemesisOptions,
  type NemesisSchedule,
  type NemesisTest,
} from "../workbench/nemesis/definition.ts";
export { type DiskFaultOptions, disk } from "../workbench/nemesis/disk-faults.ts";
export {
  duplicate,
  loss,
  type ProbabilityOptions,
  type SlowOptions,
  slow,
} from "../workbench/nemesis/message-faults.ts";
export type { OneWayKind, PartitionKind } from "../workbench/nemesis/partition.ts";
export {
  type OneWayPartitionOptions,
  oneWayPartition,
  type PartitionOptions,
  partition,
} from "../workbench/nemesis/partition-faults.ts";
export {
  type KillFaultOptions,
  kill,
  type NodeFaultOptions,
  pause,
} from "../workbench/nemesis/process-faults.ts";
export type { PickNodes, RandomTarget, Target } from "../workbench/nemesis/targets.ts";
export type { Grudge } from "../workbench/network/grudge.ts";
export type { Latency } from "../workbench/network/latency.ts";
