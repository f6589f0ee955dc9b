/** A failing test -> a smaller one that still fails, in the same way. */
import type { TestOptions } from "../run/test-options.ts";

/** Runs a test; returns which anomaly it shows, or `undefined` if it is valid. */
export type Try = (options: TestOptions) => string | undefined | Promise<string | undefined>;

/** How many seeds each smaller test gets, the present one first. */
const SEEDS_PER_CANDIDATE = 8;

/**
 * Reduces nodes, operations, faults and time, one step after the other, as long as the same anomaly
 * shows.
 *
 * A smaller test is another test: what happens in it depends on the seed anew, so each gets a few.
 *
 * @param maxTries How many tests to run at the most.
 */
export async function shrink(
  failing: TestOptions,
  anomaly: string,
  fails: Try,
  maxTries: number,
): Promise<TestOptions> {
  let smallest = failing;
  let tries = 0;
  const failingSeed = async (candidate: TestOptions): Promise<TestOptions | undefined> => {
    for (let attempt = 0; attempt < SEEDS_PER_CANDIDATE && tries < maxTries; attempt++) {
      const seeded = { ...candidate, seed: attempt === 0 ? smallest.seed : attempt };
      tries++;
      if ((await fails(seeded)) === anomaly) return seeded;
    }
    return undefined;
  };

  for (let hasShrunk = true; hasShrunk; ) {
    hasShrunk = false;
    for (const step of STEPS) {
      // The same step again as long as it works: halving gets far in a few tests.
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

/** What may be a step smaller, the boldest first. */
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

const KEYED_WORKLOADS: ReadonlySet<string> = new Set([
  "kafka",
  "txn-rw-register",
  "txn-list-append",
]);

/** Whether the number of keys and the length of transactions matter. */
function isKeyed({ workload }: TestOptions): boolean {
  return KEYED_WORKLOADS.has(workload);
}

/** Values below, down to a least one: the least, half, one less. */
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

/** Fewer nodes, with as many clients each as before. */
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
