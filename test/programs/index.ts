/**
 * Correct programs, and the faults that they promise to survive: what the workbench must never flag.
 *
 * They are written to be plainly right, not to send few messages.
 */
import { echo } from "../../challenges/echo.ts";
import { uniqueIds } from "../../challenges/unique-ids.ts";
import type { AnyProgram } from "../../lib/vortex/index.ts";
import { FAULTS, type Fault } from "../../lib/workbench/nemesis/faults.ts";
import type { WorkloadName } from "../../lib/workbench/workloads/index.ts";
import type { SimulatedOptions } from "../support/simulations/simulate.ts";
import { broadcast } from "./broadcast.ts";
import { counter } from "./counter.ts";
import { gSet } from "./g-set.ts";
import { keyValue } from "./key-value.ts";
import { kvCounter } from "./kv-counter.ts";
import { lastWriteWins } from "./last-write-wins.ts";
import { byLeader } from "./leader.ts";
import { logs } from "./logs.ts";
import { everything, optimistic, whatItWrites } from "./optimistic.ts";
import { proxy } from "./proxy.ts";
import { byReplicatedLog } from "./replicated-log.ts";
import { lists, registers } from "./transactions.ts";

export interface ProgramCase {
  readonly name: string;
  readonly workload: WorkloadName;
  readonly program: AnyProgram;
  readonly options: SimulatedOptions;
}

/** What a program that keeps its state in memory cannot survive is to be killed. */
const ALL_BUT_KILL: readonly Fault[] = FAULTS.filter((fault) => fault !== "kill");

/** A short test with much trouble. */
const trouble: SimulatedOptions = {
  nodeCount: 3,
  concurrency: 6,
  rate: 20,
  timeLimitS: 10,
  nemesis: ALL_BUT_KILL,
  nemesisIntervalS: 2,
};

/** Where nodes never talk to each other, only what is done to them can do harm. */
const killedAndPaused: SimulatedOptions = {
  ...trouble,
  // Long enough for one answer at least, however often all nodes are down.
  timeLimitS: 60,
  nemesis: ["kill", "pause"],
};
/** Where they talk to services, those may be slow; no partition ever cuts them off. */
const servicesSlow: SimulatedOptions = {
  ...killedAndPaused,
  timeLimitS: 30,
  nemesis: ["kill", "pause", "slow"],
};

export const PROGRAMS: readonly ProgramCase[] = [
  { name: "echo", workload: "echo", program: echo, options: killedAndPaused },
  {
    name: "unique ids made by each node for itself",
    workload: "unique-ids",
    program: uniqueIds,
    options: killedAndPaused,
  },
  {
    name: "broadcast by flooding",
    workload: "broadcast",
    program: broadcast,
    options: { ...trouble, nodeCount: 5 },
  },
  { name: "g-set by gossip", workload: "g-set", program: gSet, options: trouble },
  { name: "g-counter by gossip", workload: "g-counter", program: counter, options: trouble },
  { name: "pn-counter by gossip", workload: "pn-counter", program: counter, options: trouble },
  {
    name: "lin-kv by a leader",
    workload: "lin-kv",
    program: byLeader(keyValue),
    options: { ...trouble, timeLimitS: 20, rate: 50 },
  },
  {
    name: "logs kept by a leader",
    workload: "kafka",
    program: byLeader(logs),
    options: { ...trouble, timeLimitS: 20, rate: 50 },
  },
  {
    name: "a counter in seq-kv",
    workload: "g-counter",
    program: kvCounter,
    options: servicesSlow,
  },
  {
    name: "a counter in seq-kv that is decremented",
    workload: "pn-counter",
    program: kvCounter,
    options: servicesSlow,
  },
  {
    name: "lin-kv by the service of that name",
    workload: "lin-kv",
    program: proxy((node) => node.linKv),
    options: { ...servicesSlow, rate: 50 },
  },
  {
    name: "lin-kv by a replicated log",
    workload: "lin-kv",
    program: byReplicatedLog(keyValue),
    options: servicesSlow,
  },
  {
    name: "logs by a replicated log",
    workload: "kafka",
    program: byReplicatedLog(logs),
    options: servicesSlow,
  },
  {
    name: "lists kept by a leader",
    workload: "txn-list-append",
    program: byLeader(lists),
    options: trouble,
  },
  {
    name: "lists by a replicated log",
    workload: "txn-list-append",
    program: byReplicatedLog(lists),
    options: servicesSlow,
  },
  {
    name: "lists by optimistic transactions",
    workload: "txn-list-append",
    program: optimistic(everything),
    options: servicesSlow,
  },
  {
    name: "lists by transactions that are isolated by snapshots",
    workload: "txn-list-append",
    program: optimistic(whatItWrites),
    options: { ...servicesSlow, consistencyModels: ["snapshot-isolation"] },
  },
  {
    name: "registers whose last write wins",
    workload: "txn-rw-register",
    program: lastWriteWins,
    options: {
      ...trouble,
      timeLimitS: 30,
      nemesis: FAULTS,
      consistencyModels: ["read-committed"],
    },
  },
  {
    name: "registers whose last write wins, on nodes that cannot hear each other",
    workload: "txn-rw-register",
    program: lastWriteWins,
    options: {
      ...trouble,
      nemesis: ["partition", "one-way-partition", "loss", "duplicate", "slow"],
      consistencyModels: ["read-committed"],
      availability: "total",
    },
  },
  {
    name: "registers kept by a leader",
    workload: "txn-rw-register",
    program: byLeader(registers),
    options: trouble,
  },
  {
    name: "registers by a replicated log",
    workload: "txn-rw-register",
    program: byReplicatedLog(registers),
    options: servicesSlow,
  },
];
