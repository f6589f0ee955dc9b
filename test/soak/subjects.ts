/** Load of each challenge during a soak, chosen so that ten minutes of history can be checked. */
import {
  clients,
  eachClient,
  type Generator,
  type Invocation,
  once,
} from "../../lib/workbench/clients/generator.ts";
import type { TestOptions } from "../../lib/workbench/run/test-options.ts";
import { WORKLOADS, type WorkloadName } from "../../lib/workbench/workloads/index.ts";
import {
  instantiate,
  type Workload,
  type WorkloadContext,
} from "../../lib/workbench/workloads/workload.ts";

export interface Subject {
  /** Arguments of the program. */
  readonly args: readonly string[];
  readonly options: Partial<TestOptions>;
  makeWorkload(context: WorkloadContext): Workload;
  /** Operations whose latency must not grow. Reads of a whole set are not among them. */
  readonly timed: readonly string[];
  /** Operation that adds a value which nodes store forever, and the bytes a value may take. */
  readonly stores?: { readonly f: string; readonly bytesEach: number };
  /** Whether the nodes store on disks, whose size must be bounded by the stored values, too. */
  readonly usesDisks?: boolean;
  /** Maximum rate in messages per second, if it is lower than those of the others. */
  readonly maxRate?: number;
}

/**
 * Rate of programs that sync what they acknowledge: five nodes share one disk, and an operation goes
 * through three of them.
 */
const SYNCED_RATE = 600;

/** One operation in this many is a read of a set, which returns all of it. */
const SET_READS_EVERY = 25_000;

/** Adds numbers and rarely reads. At the end, one client per node reads. */
function rarelyReading(workload: Workload, { nodeIds }: WorkloadContext, f: string): Workload {
  let count = 0;
  const next = (): Invocation =>
    ++count % SET_READS_EVERY === 0 ? { f: "read", value: null } : { f, value: count };
  return { ...workload, generator: clients(next), finalGenerator: readOnEach(nodeIds.length) };
}

function readOnEach(nodeCount: number): Generator {
  return eachClient((thread) =>
    thread < nodeCount ? once({ f: "read", value: null, final: true }) : clients(() => undefined),
  );
}

function plain(name: WorkloadName, timed: readonly string[]): Subject {
  return {
    args: [],
    options: {},
    makeWorkload: (options) => instantiate(WORKLOADS[name], options),
    timed,
  };
}

function set(
  name: "broadcast" | "g-set",
  f: string,
  args: readonly string[],
  bytesEach: number,
): Subject {
  return {
    args,
    options: {},
    makeWorkload: (options) => rarelyReading(instantiate(WORKLOADS[name], options), options, f),
    timed: [f],
    stores: { f, bytesEach },
  };
}

/** Number of polls per consumer at the end. A poll returns at most 10,000 messages. */
const FINAL_POLLS = 40;

/**
 * At the end, each client reads its share of the keys from the beginning, so that every acknowledged
 * message is read single. In Maelstrom every client reads everything.
 */
function sharedCatchUp(workload: Workload, { concurrency }: WorkloadContext): Workload {
  const keys = new Set<string>();
  const mine = (thread: number) => [...keys].filter((_, at) => at % concurrency === thread);
  const catchUp = eachClient((thread) => {
    let count = 0;
    return clients(() => {
      count++;
      // Crash first: for the same process, reading from the beginning would be a step back.
      if (count === 1) return { f: "crash", value: null };
      if (count === 2) return { f: "assign", value: mine(thread), seekToBeginning: true };
      return count <= 2 + FINAL_POLLS ? { f: "poll", value: [["poll"]] } : undefined;
    });
  });
  const { generator } = workload;
  return {
    ...workload,
    generator: {
      next: (context) => generator.next(context),
      update(operation) {
        generator.update?.(operation);
        if (operation.f !== "send" || operation.type !== "invoke") return;
        const [[, key]] = operation.value as readonly [readonly ["send", string, number]];
        keys.add(key);
      },
    },
    finalGenerator: catchUp,
  };
}

/** Challenge name -> load, in the order of a soak of everything. */
export const SUBJECTS: Readonly<Record<string, Subject>> = {
  broadcast: set("broadcast", "broadcast", ["--durable"], 50),
  kafka: {
    args: [],
    // Few consumers, which resume from committed offsets: the history holds a message for each read.
    options: { concurrency: 20, keyCount: 20, maxWritesPerKey: 500, resumesFromCommitted: true },
    makeWorkload: (options) => sharedCatchUp(instantiate(WORKLOADS.kafka, options), options),
    timed: ["send", "poll"],
    stores: { f: "send", bytesEach: 100 },
  },
  "txn-rw-register": {
    args: ["--durable"],
    // With few keys, registers take little memory.
    options: { keyCount: 20, maxWritesPerKey: 5000, consistencyModels: ["read-committed"] },
    makeWorkload: (options) => instantiate(WORKLOADS["txn-rw-register"], options),
    timed: ["txn"],
  },
  "g-counter": plain("g-counter", ["add", "read"]),
  echo: plain("echo", ["echo"]),
  "unique-ids": plain("unique-ids", ["generate"]),
  "pn-counter": plain("pn-counter", ["add", "read"]),
  "g-set": set("g-set", "add", [], 300),
  "lin-kv": { ...plain("lin-kv", ["read", "write"]), usesDisks: true, maxRate: SYNCED_RATE },
  "txn-list-append": {
    ...plain("txn-list-append", ["txn"]),
    stores: { f: "txn", bytesEach: 500 },
    usesDisks: true,
    maxRate: SYNCED_RATE,
  },
};
