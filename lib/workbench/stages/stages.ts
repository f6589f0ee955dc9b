/**
 * The stages of Fly.io's Gossip Glomers: their commands and targets. Stages beyond them, of Maelstrom's
 * other workloads, have letters.
 *
 * @see https://fly.io/dist-sys/
 */
import type { WorkloadName, WorkloadSelection } from "../workloads/index.ts";
import type { StageEntry, Target } from "../workloads/stage.ts";

/** The bounds of a stage: Vortex's own, which its programs keep, and Fly.io's. */
export interface StageTarget extends Target {
  /** The limits of Fly.io's page, below which figures must stay. Absent in users' tables, whose bounds are their own. */
  readonly limits?: Target;
}

/** A stage: of Gossip Glomers, beyond them, or a row of a user's table. */
export interface Stage extends StageEntry {
  /**
   * Fly.io's number, such as `"3d"`, or two letters beyond them, such as `"kv"`: tables are narrow. A stage with several runs
   * has an entry per run.
   */
  readonly id: string;
  /** Name of the program: a path in users' tables. */
  readonly bin: string;
  /** Maelstrom's flags, as on Fly.io's page. */
  readonly flags: string;
  readonly target: StageTarget;
  /** Whether it is not one of Gossip Glomers: a collection of solutions may lack it. */
  readonly isBeyond?: true;
  /** Directory that the paths of a user's table start from. */
  readonly directory?: string;
  /** The workload of a user that the flags name. */
  readonly workload?: Pick<WorkloadSelection, "workload" | "definition" | "workloadFile">;
}

export const STAGES: readonly (Stage & { readonly bin: WorkloadName })[] = [
  {
    id: "1",
    name: "Echo",
    bin: "echo",
    flags: "-w echo --node-count 1 --time-limit 10",
    target: {},
  },
  {
    id: "2",
    name: "Unique ID generation",
    bin: "unique-ids",
    flags:
      "-w unique-ids --time-limit 30 --rate 1000 --node-count 3 --availability total --nemesis partition",
    target: { msgsPerOp: 0, limits: {} },
  },
  {
    id: "3a",
    name: "Single-node broadcast",
    bin: "broadcast",
    flags: "-w broadcast --node-count 1 --time-limit 20 --rate 10",
    target: { msgsPerOp: 0, limits: {} },
  },
  {
    id: "3b",
    name: "Multi-node broadcast",
    bin: "broadcast",
    flags: "-w broadcast --node-count 5 --time-limit 20 --rate 10",
    target: { msgsPerOp: 2, limits: {} },
  },
  {
    id: "3c",
    name: "Fault-tolerant broadcast",
    bin: "broadcast",
    flags: "-w broadcast --node-count 5 --time-limit 20 --rate 10 --nemesis partition",
    target: { msgsPerOp: 2.5, limits: {} },
  },
  {
    id: "3d",
    name: "Efficient broadcast, part I",
    bin: "broadcast",
    flags: "-w broadcast --node-count 25 --time-limit 20 --rate 100 --latency 100",
    target: {
      msgsPerOp: 1.1,
      medianMs: 400,
      maxMs: 600,
      limits: { msgsPerOp: 30, medianMs: 400, maxMs: 600 },
    },
  },
  {
    id: "3e",
    name: "Efficient broadcast, part II",
    bin: "broadcast",
    flags: "-w broadcast --node-count 25 --time-limit 20 --rate 100 --latency 100",
    args: ["--flush-ms", "1600"],
    target: {
      msgsPerOp: 0.42,
      medianMs: 1000,
      maxMs: 2000,
      limits: { msgsPerOp: 20, medianMs: 1000, maxMs: 2000 },
    },
  },
  {
    id: "4",
    name: "Grow-only counter",
    bin: "g-counter",
    flags: "-w g-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition",
    target: { msgsPerOp: 0.75, limits: {} },
  },
  {
    id: "5a",
    name: "Single-node log",
    bin: "kafka",
    flags: "-w kafka --node-count 1 --concurrency 2n --time-limit 20 --rate 1000",
    target: { msgsPerOp: 1.1, limits: {} },
  },
  {
    id: "5b",
    name: "Multi-node log",
    bin: "kafka",
    flags: "-w kafka --node-count 2 --concurrency 2n --time-limit 20 --rate 1000",
    target: { msgsPerOp: 1.1, limits: {} },
  },
  {
    id: "5c",
    name: "Efficient log",
    bin: "kafka",
    flags: "-w kafka --node-count 2 --concurrency 2n --time-limit 20 --rate 1000",
    target: { msgsPerOp: 1.1, limits: {} },
  },
  {
    id: "6a",
    name: "Single-node, totally available transactions",
    bin: "txn-rw-register",
    flags:
      "-w txn-rw-register --node-count 1 --time-limit 20 --rate 1000 --concurrency 2n --consistency-models read-uncommitted --availability total",
    target: { msgsPerOp: 0, limits: {} },
  },
  {
    id: "6b",
    name: "Totally available, read uncommitted",
    bin: "txn-rw-register",
    flags:
      "-w txn-rw-register --node-count 2 --concurrency 2n --time-limit 20 --rate 1000 --consistency-models read-uncommitted",
    target: { msgsPerOp: 0.1, limits: {} },
  },
  {
    id: "6b",
    name: "Totally available, read uncommitted, partitioned",
    bin: "txn-rw-register",
    flags:
      "-w txn-rw-register --node-count 2 --concurrency 2n --time-limit 20 --rate 1000 --consistency-models read-uncommitted --availability total --nemesis partition",
    target: { msgsPerOp: 0.1, limits: {} },
  },
  {
    id: "6c",
    name: "Totally available, read committed",
    bin: "txn-rw-register",
    flags:
      "-w txn-rw-register --node-count 2 --concurrency 2n --time-limit 20 --rate 1000 --consistency-models read-committed --availability total --nemesis partition",
    target: { msgsPerOp: 0.1, limits: {} },
  },
  {
    id: "kv",
    name: "Beyond Gossip Glomers: linearizable store",
    bin: "lin-kv",
    flags: "-w lin-kv --node-count 3 --concurrency 4n --rate 100 --time-limit 20",
    target: { msgsPerOp: 2.6, limits: {} },
    isBeyond: true,
  },
  {
    id: "kv",
    name: "Beyond Gossip Glomers: linearizable store, few messages",
    bin: "lin-kv",
    flags: "-w lin-kv --node-count 3 --concurrency 4n --rate 100 --time-limit 20",
    args: ["--batch-ms", "50"],
    target: { msgsPerOp: 1.4, limits: {} },
    isBeyond: true,
  },
  {
    id: "kv",
    name: "Beyond Gossip Glomers: linearizable store, partitioned",
    bin: "lin-kv",
    flags:
      "-w lin-kv --node-count 3 --concurrency 4n --rate 100 --time-limit 20 --nemesis partition",
    target: { msgsPerOp: 2.6, limits: {} },
    isBeyond: true,
  },
  {
    id: "la",
    name: "Beyond Gossip Glomers: strict-serializable transactions",
    bin: "txn-list-append",
    flags:
      "-w txn-list-append --node-count 3 --concurrency 2n --rate 100 --time-limit 20 --consistency-models strict-serializable",
    target: { msgsPerOp: 3.5, limits: {} },
    isBeyond: true,
  },
  {
    id: "la",
    name: "Beyond Gossip Glomers: strict-serializable transactions, partitioned",
    bin: "txn-list-append",
    flags:
      "-w txn-list-append --node-count 5 --concurrency 2n --rate 100 --time-limit 20 --consistency-models strict-serializable --nemesis partition",
    target: {},
    isBeyond: true,
  },
];

/** Distinct ids, in order: a stage can have several runs. */
export function idsOf(stages: readonly Stage[]): readonly string[] {
  return [...new Set(stages.map(({ id }) => id))];
}
