/**
 * Swarm testing: each seed draws its own test from the options.
 *
 * A test in which every fault and every setting is at work all the time hides what shows only while
 * some of them rest. Many tests that each leave something out reach more.
 *
 * @see Groce, Zhang, Eide, Chen, Regehr: Swarm Testing (ISSTA 2012)
 */
import type { Random } from "../../vortex/index.ts";
import { pickOne } from "../../vortex/random.ts";
import { LATENCY_DISTRIBUTIONS, type Latency } from "../network/latency.ts";
import { randomStream } from "../random.ts";
import type { TestOptions } from "../run/test-options.ts";
import { definitionOf, fitsWorkload } from "../workloads/index.ts";

/** Factors on the rate. In the mean, a run costs about as much as with the rate of the options. */
const RATES = [0.25, 0.5, 1, 2];
/** Factors on the interval of faults: rather shorter, so that a run has more of them. */
const INTERVALS = [0.25, 0.5, 1, 1, 2];
/** Least interval of faults, in s, unless the options have a shorter one. */
const MIN_INTERVAL_S = 0.25;
const CLIENTS = [1, 1, 2, 3];
/** Mean latencies in ms where the options have none: well below the timeouts of programs. */
const LATENCIES_MS = [0, 0, 1, 3, 10, 20];
const LATENCY_FACTORS = [0.1, 0.5, 1, 1, 2, 3];
/** Numbers of keys below that of the options: fewer keys mean more conflicts. */
const KEYS = [1, 2, 3, 5];
const LENGTHS = [0.5, 1, 1, 2];
const WRITES = [0.25, 1, 1, 4];

/**
 * Draws a test: a subset of the faults, their interval, rate, latency and its distribution, number of
 * clients, number and size of keys. The seed fixes all. Nodes, durations and what must hold stay as
 * they are.
 */
export function swarm(options: TestOptions): TestOptions {
  const random = randomStream(options.seed, "swarm");
  const { nemesisIntervalS, rate } = options;
  const drawn = {
    ...options,
    nemesis: subset(random, options.nemesis),
    nemesisIntervalS: Math.max(
      Math.min(nemesisIntervalS, MIN_INTERVAL_S),
      nemesisIntervalS * pickOne(random, INTERVALS),
    ),
    rate: rate * pickOne(random, RATES),
    latency: drawLatency(random, options.latency),
    // The settings were not chosen so that operations succeed in time.
    availability: undefined,
    livenessLimitS: undefined,
  };
  const crowded = { ...drawn, concurrency: options.concurrency * pickOne(random, CLIENTS) };
  const keyed = drawKeys(random, crowded);
  return [keyed, crowded].find(fitsWorkload) ?? drawn;
}

/** The probability that all faults stay. Some bugs need two of them at once. */
const ALL_PROBABILITY = 1 / 2;
/** The probability of each fault otherwise. */
const FAULT_PROBABILITY = 1 / 2;

/** Draws a subset. A further draw follows an empty one: runs without faults find less. */
export function subset<T>(random: Random, items: readonly T[]): readonly T[] {
  if (random.next() < ALL_PROBABILITY) return items;
  const draw = () => items.filter(() => random.next() < FAULT_PROBABILITY);
  const chosen = draw();
  return chosen.length > 0 ? chosen : draw();
}

function drawLatency(random: Random, { meanMs }: Latency): Latency {
  const drawnMs =
    meanMs === 0
      ? pickOne(random, LATENCIES_MS)
      : Math.round(meanMs * pickOne(random, LATENCY_FACTORS));
  return { meanMs: drawnMs, distribution: pickOne(random, LATENCY_DISTRIBUTIONS) };
}

function drawKeys(random: Random, options: TestOptions): TestOptions {
  const { keyCount, maxTxnLength, maxWritesPerKey } = options;
  const others = [keyCount * 2, ...KEYS.filter((count) => count < keyCount)];
  const keys = random.next() < 0.5 ? keyCount : pickOne(random, others);
  const writes = Math.max(1, Math.round(maxWritesPerKey * pickOne(random, WRITES)));
  const length = Math.ceil(maxTxnLength * pickOne(random, LENGTHS));
  const { usesKeys = false } = definitionOf(options.definition ?? options.workload);
  if (!usesKeys) return options;
  return { ...options, keyCount: keys, maxTxnLength: length, maxWritesPerKey: writes };
}
