/** What each challenge is asked during a soak, so that ten minutes of it can be told and judged. */
import {
  clients,
  eachClient,
  type Generator,
  type Invocation,
  once,
} from "../../lib/workbench/clients/generator.ts";
import type { TestOptions } from "../../lib/workbench/run/test-options.ts";
import { WORKLOADS, type WorkloadName } from "../../lib/workbench/workloads/index.ts";
import type { Workload, WorkloadContext } from "../../lib/workbench/workloads/workload.ts";

export interface Subject {
  /** The program's arguments. */
  readonly args: readonly string[];
  readonly options: Partial<TestOptions>;
  makeWorkload(context: WorkloadContext): Workload;
  /** Operations whose time must not grow: reads of all that was ever added do by nature. */
  readonly timed: readonly string[];
  /** The operation that adds what a node has to keep for ever, if there is one. */
  readonly keeps?: { readonly f: string; readonly bytesEach: number };
}

/** A read of a set brings all of it, so of so many operations one is a read. */
const SET_READS_EVERY = 25_000;

/** Adds numbers, and reads seldom; in the end one client of each node reads. */
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
  return { args: [], options: {}, makeWorkload: WORKLOADS[name], timed };
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
    makeWorkload: (options) => rarelyReading(WORKLOADS[name](options), options, f),
    timed: [f],
    keeps: { f, bytesEach },
  };
}

/** So often each consumer polls in the end: a poll brings 10,000 messages at most. */
const FINAL_POLLS = 40;

/**
 * Each thread's consumer reads a part of the keys from the beginning in the end, so that all that
 * was acknowledged is read by someone. In Maelstrom every one reads all.
 */
function sharedCatchUp(workload: Workload, { concurrency }: WorkloadContext): Workload {
  const keys = new Set<string>();
  const mine = (thread: number) => [...keys].filter((_, at) => at % concurrency === thread);
  const catchUp = eachClient((thread) => {
    let count = 0;
    return clients(() => {
      count++;
      // What was polled from a key before would be a step back for the same process.
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

/** By name, the most telling first. */
export const SUBJECTS: Readonly<Record<string, Subject>> = {
  broadcast: set("broadcast", "broadcast", ["--durable"], 50),
  kafka: {
    args: [],
    // A consumer that is new to a key starts where others left off, and there are few of them: the
    // history holds every message as often as it was read.
    options: { concurrency: 20, keyCount: 20, maxWritesPerKey: 500, resumesFromCommitted: true },
    makeWorkload: (options) => sharedCatchUp(WORKLOADS.kafka(options), options),
    timed: ["send", "poll"],
    keeps: { f: "send", bytesEach: 100 },
  },
  "txn-rw-register": {
    args: ["--durable"],
    // So few keys that registers take no memory to speak of.
    options: { keyCount: 20, maxWritesPerKey: 5000, consistencyModels: ["read-committed"] },
    makeWorkload: WORKLOADS["txn-rw-register"],
    timed: ["txn"],
  },
  "g-counter": plain("g-counter", ["add", "read"]),
  echo: plain("echo", ["echo"]),
  "unique-ids": plain("unique-ids", ["generate"]),
  "pn-counter": plain("pn-counter", ["add", "read"]),
  "g-set": set("g-set", "add", [], 300),
};
