/** Generates histories of a linearizable store, with adjustable concurrency and indefinite results. */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { Json } from "../../../lib/vortex/index.ts";
import type { History } from "../../../lib/workbench/history/history.ts";
import { type Entry, fail, history, info, invoke, ok } from "./history.ts";

export interface RegisterHistoryOptions {
  readonly seed: number;
  readonly operations: number;
  /** Maximum number of concurrent operations, over all keys. */
  readonly concurrency: number;
  readonly keys: number;
  /** Values are 0 up to, but not including, this. */
  readonly values: number;
  /** Fraction of writes and cas that end as `info`; half of these take effect. */
  readonly indefinite: number;
  /** Fraction of reads that return a random value. */
  readonly wrong?: number;
}

interface Running {
  readonly f: string;
  readonly key: number;
  readonly argument: Json;
  hasEffect: boolean;
  /** Value that a read returned, or whether a cas matched. */
  result: Json;
}

/** Generates reads, writes and cas in equal parts. A cas that does not match fails. */
export function registerHistory(options: RegisterHistoryOptions): History {
  const random = xoroshiro128plus(options.seed);
  const below = (bound: number) => uniformInt(random, 0, bound - 1);
  const chance = (probability: number) => below(1_000_000) < probability * 1_000_000;

  const store = new Map<number, Json>();
  const processes = Array.from({ length: options.concurrency }, (_, thread) => thread);
  const running = new Map<number, Running>();
  const entries: Entry[] = [];
  let invoked = 0;

  const start = (process: number) => {
    invoked++;
    const f = ["read", "write", "cas"][below(3)] ?? "read";
    const key = below(options.keys);
    const value = below(options.values);
    const argument = f === "read" ? null : f === "write" ? value : [value, below(options.values)];
    running.set(process, { f, key, argument, hasEffect: false, result: null });
    entries.push(invoke(process, f, [key, argument]));
  };

  const takeEffect = (operation: Running) => {
    if (operation.hasEffect) return;
    operation.hasEffect = true;
    const { f, key, argument } = operation;
    const held = store.get(key) ?? null;
    if (f === "read") operation.result = held;
    else if (!Array.isArray(argument)) store.set(key, argument);
    else {
      operation.result = argument[0] === held;
      if (operation.result) store.set(key, argument[1]);
    }
  };

  const complete = (thread: number, process: number, operation: Running) => {
    running.delete(process);
    const { f, key } = operation;
    if (f !== "read" && chance(options.indefinite)) {
      if (chance(0.5)) takeEffect(operation);
      entries.push(info(process));
      processes[thread] = process + options.concurrency;
      return;
    }
    takeEffect(operation);
    const isWrong = f === "read" && chance(options.wrong ?? 0);
    if (f === "read")
      entries.push(ok(process, [key, isWrong ? below(options.values) : operation.result]));
    else entries.push(operation.result === false ? fail(process) : ok(process));
  };

  while (invoked < options.operations || running.size > 0) {
    const thread = below(options.concurrency);
    const process = processes[thread] ?? thread;
    const operation = running.get(process);
    if (operation === undefined) {
      if (invoked < options.operations) start(process);
    } else if (!operation.hasEffect && chance(0.5)) takeEffect(operation);
    else complete(thread, process, operation);
  }
  return history(...entries);
}
