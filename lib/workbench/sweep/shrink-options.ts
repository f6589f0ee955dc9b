/** Reduces the options of a failing test to those of a smaller one with the same anomaly. */
import type { TestOptions } from "../run/test-options.ts";
import { definitionOf } from "../workloads/index.ts";
import type { Budget } from "./minimize.ts";

/** Runs a test and returns its anomaly, or `undefined` if it is valid. */
export type Try = (options: TestOptions) => string | undefined | Promise<string | undefined>;

/** Number of seeds to try for each smaller test, the present one first. */
const SEEDS_PER_CANDIDATE = 8;

/**
 * Reduces faults, time, nodes, clients and operations step by step, keeping each step in which the
 * same anomaly occurs.
 *
 * The same seed means different events in a smaller test, so several seeds are tried for each.
 *
 * @param budget The tests that it may run.
 */
export async function shrinkOptions(
  failing: TestOptions,
  anomaly: string,
  fails: Try,
  budget: Budget,
): Promise<TestOptions> {
  let smallest = failing;
  const failingSeed = async (candidate: TestOptions): Promise<TestOptions | undefined> => {
    for (let attempt = 0; attempt < SEEDS_PER_CANDIDATE && budget.take(); attempt++) {
      const seeded = { ...candidate, seed: attempt === 0 ? smallest.seed : attempt };
      if ((await fails(seeded)) === anomaly) return seeded;
    }
    return undefined;
  };

  for (let hasShrunk = true; hasShrunk; ) {
    hasShrunk = false;
    for (const step of STEPS) {
      // Repeats a step while it succeeds: halving needs few tests.
      for (let candidates = step(smallest); candidates.length > 0; candidates = step(smallest)) {
        const next = await firstDefined(candidates, failingSeed);
        if (next === undefined) break;
        smallest = next;
        hasShrunk = true;
      }
    }
  }
  return smallest;
}

/** Each step returns smaller tests, the smallest first. */
const STEPS: readonly ((options: TestOptions) => readonly TestOptions[])[] = [
  (options) => withFewerFaults(options),
  (options) => smaller(options.timeLimitS, 1).map((timeLimitS) => ({ ...options, timeLimitS })),
  (options) => smaller(options.nodeIds.length, 1).map((count) => withNodes(options, count)),
  (options) =>
    smaller(options.concurrency, options.nodeIds.length)
      .filter((concurrency) => concurrency % options.nodeIds.length === 0)
      .map((concurrency) => ({ ...options, concurrency })),
  (options) => smaller(options.rate, 1).map((rate) => ({ ...options, rate })),
  (options) =>
    isKeyed(options)
      ? smaller(options.maxTxnLength, 1).map((maxTxnLength) => ({ ...options, maxTxnLength }))
      : [],
  (options) =>
    isKeyed(options)
      ? smaller(options.keyCount, 1).map((keyCount) => ({ ...options, keyCount }))
      : [],
  (options) =>
    smaller(options.latency.meanMs, 0).map((meanMs) => ({
      ...options,
      latency: { ...options.latency, meanMs },
    })),
];

/** Whether the workload uses the number of keys and the length of transactions. */
function isKeyed({ workload, definition }: TestOptions): boolean {
  return definitionOf(definition ?? workload).usesKeys ?? false;
}

/** Returns smaller values to try: the least, half the value, one less. */
function smaller(value: number, least: number): number[] {
  const candidates = [least, Math.floor(value / 2), value - 1];
  return [...new Set(candidates)].filter((candidate) => candidate >= least && candidate < value);
}

function withFewerFaults(options: TestOptions): TestOptions[] {
  const { nemesis } = options;
  if (nemesis.length === 0) return [];
  const without = nemesis.map((fault) => nemesis.filter((other) => other !== fault));
  return [[], ...without].map((faults) => ({ ...options, nemesis: faults }));
}

/** Keeps the number of clients per node. */
function withNodes(options: TestOptions, count: number): TestOptions {
  const perNode = Math.max(1, Math.floor(options.concurrency / options.nodeIds.length));
  return { ...options, nodeIds: options.nodeIds.slice(0, count), concurrency: count * perNode };
}

async function firstDefined<T, R>(
  items: readonly T[],
  find: (item: T) => Promise<R | undefined>,
): Promise<R | undefined> {
  for (const item of items) {
    const found = await find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
