/**
 * Orders of messages between servers that look for bugs, in place of latencies, which are drawn
 * independently of each other.
 *
 * A step is one delivery between servers. Steps are counted in epochs: a run of thousands of messages is
 * a row of small searches, because what makes a bug is near together.
 */
import type { Clock, Random } from "../../vortex/index.ts";
import { pickOne, randomInteger } from "../../vortex/random.ts";
import type { Delivery, DeliveryOrder } from "../network/delivery.ts";
import { drawMagnitude } from "./magnitude.ts";

/** Parameters of {@link Priorities}. */
export interface PriorityOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Number of steps for which priorities hold. */
  readonly epochSteps: number;
  /** Number of steps of an epoch at which a chain falls behind all others: d - 1 for bugs of depth d. */
  readonly changeCount: number;
  /** Names the chain of a message. */
  readonly chainOf: (delivery: Delivery) => string;
  /** Time between two steps, in ms, in which the receiver may reply. */
  readonly stepMs: number;
  /** Time after which a message is delivered whatever its priority, in ms: a bound for timeouts. */
  readonly maxHeldMs: number;
}

interface Held {
  readonly delivery: Delivery;
  readonly chain: string;
  readonly dueMs: number;
  readonly release: () => void;
}

/** Number of waiting messages per step that is taken at once: a node that floods is not slowed down. */
const WAITING_PER_STEP = 32;

/**
 * Delivers one message after the other, always that of the chain with the highest priority (PCT). Chains
 * have random priorities; at few random steps, the chain whose turn it is falls behind all others.
 *
 * A bug that needs d events of one epoch in a certain order, among n chains and in k steps, shows in that
 * epoch with probability 1 / (n k^(d-1)) at least, if no message reaches its time limit.
 *
 * @see Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized Scheduler with Probabilistic Guarantees
 *   of Finding Bugs (ASPLOS 2010)
 */
export class Priorities implements DeliveryOrder {
  readonly #options: PriorityOptions;
  /** In the order of sending. */
  readonly #held: Held[] = [];
  readonly #priorities = new Map<string, number>();
  #changes: readonly number[] = [];
  /** Steps of the present epoch so far. */
  #step = 0;
  #lowest = 0;
  #isScheduled = false;

  constructor(options: PriorityOptions) {
    this.#options = options;
    this.#startEpoch();
  }

  hold(delivery: Delivery, delayMs: number, release: () => void): void {
    const { clock, chainOf, maxHeldMs } = this.#options;
    const add = () => {
      const dueMs = clock.nowMs() + maxHeldMs;
      this.#held.push({ delivery, chain: chainOf(delivery), dueMs, release });
      // Not at once: a node may send several messages in one go.
      this.#schedule(0);
    };
    if (delayMs > 0) clock.after(delayMs, add);
    else add();
  }

  #schedule(delayMs: number): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.clock.after(delayMs, () => {
      this.#isScheduled = false;
      const count = Math.ceil(this.#held.length / WAITING_PER_STEP);
      for (let index = 0; index < count; index++) this.#deliver();
      if (count > 0) this.#schedule(this.#options.stepMs);
    });
  }

  #deliver(): void {
    const index = this.#nextIndex();
    const [next] = this.#held.splice(index, 1);
    if (++this.#step >= this.#options.epochSteps) this.#startEpoch();
    next?.release();
  }

  #nextIndex(): number {
    const [oldest] = this.#held;
    if (oldest !== undefined && oldest.dueMs <= this.#options.clock.nowMs()) return 0;
    let index = this.#highest();
    const chain = this.#held[index]?.chain;
    for (const change of this.#changes) {
      if (change !== this.#step || chain === undefined) continue;
      this.#priorities.set(chain, --this.#lowest);
      index = this.#highest();
    }
    return index;
  }

  /** The first message of the chain with the highest priority. */
  #highest(): number {
    let [best, bestPriority] = [0, Number.NEGATIVE_INFINITY];
    for (const [index, { chain }] of this.#held.entries()) {
      const priority = this.#priorities.getOrInsertComputed(chain, () =>
        this.#options.random.next(),
      );
      if (priority > bestPriority) [best, bestPriority] = [index, priority];
    }
    return best;
  }

  #startEpoch(): void {
    const { random, changeCount, epochSteps } = this.#options;
    this.#step = 0;
    this.#priorities.clear();
    this.#changes = Array.from({ length: changeCount }, () => randomInteger(random, epochSteps));
  }
}

/** Parameters of {@link BoundedDelays}. */
export interface DelayOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly epochSteps: number;
  /** Number of messages of an epoch that are delayed. */
  readonly delayCount: number;
  /** Maximum delay, in ms. */
  readonly maxDelayMs: number;
}

/** Least delay of a message that is delayed, in ms. */
const MIN_DELAY_MS = 1;

/**
 * Delivers messages in the order of sending, but for a bounded number of an epoch, which are delayed:
 * others overtake them.
 *
 * @see Emmi, Qadeer, Rakamarić: Delay-Bounded Scheduling (POPL 2011)
 */
export class BoundedDelays implements DeliveryOrder {
  readonly #options: DelayOptions;
  #delayed: ReadonlySet<number> = new Set();
  #step = 0;

  constructor(options: DelayOptions) {
    this.#options = options;
    this.#startEpoch();
  }

  hold(_: Delivery, delayMs: number, release: () => void): void {
    const { clock, random, epochSteps, maxDelayMs } = this.#options;
    const extraMs = this.#delayed.has(this.#step)
      ? drawMagnitude(random, MIN_DELAY_MS, maxDelayMs)
      : 0;
    if (++this.#step >= epochSteps) this.#startEpoch();
    clock.after(delayMs + extraMs, release);
  }

  #startEpoch(): void {
    const { random, delayCount, epochSteps } = this.#options;
    this.#step = 0;
    this.#delayed = new Set(
      Array.from({ length: delayCount }, () => randomInteger(random, epochSteps)),
    );
  }
}

/** Ways to name the chain of a message: those of a chain are delivered in the order of sending. */
const CHAINS: readonly ((delivery: Delivery) => string)[] = [
  ({ src, dest }) => `${src} ${dest}`,
  ({ src }) => src,
  ({ dest }) => dest,
  ({ src, dest, body }) => `${src} ${dest} ${body["type"]}`,
  ({ id }) => String(id),
];
const EPOCH_STEPS = [16, 64, 256];
/** The longest are longer than the timeouts of most programs. */
const MAX_HELD_MS = [20, 100, 500, 1500];

/** Draws an order: priorities or bounded delays, and their parameters. */
export function drawOrder(random: Random, clock: Clock): DeliveryOrder {
  const epochSteps = pickOne(random, EPOCH_STEPS);
  const depth = pickOne(random, [1, 2, 3, 5]);
  const maxMs = pickOne(random, MAX_HELD_MS);
  if (random.next() < 0.5) {
    const options = { clock, random, epochSteps, delayCount: depth, maxDelayMs: maxMs };
    return new BoundedDelays(options);
  }
  return new Priorities({
    clock,
    random,
    epochSteps,
    changeCount: depth - 1,
    chainOf: pickOne(random, CHAINS),
    stepMs: pickOne(random, [0.5, 0.5, 2, 8]),
    maxHeldMs: maxMs,
  });
}

/** Orders messages until an end, and delivers them in the order of sending from then on. */
export function until(isOver: () => boolean, order: DeliveryOrder, clock: Clock): DeliveryOrder {
  return {
    hold(delivery, delayMs, release) {
      // Never at once: a node sends all messages of one go before any of them is delivered.
      if (isOver()) clock.after(delayMs, release);
      else order.hold(delivery, delayMs, release);
    },
  };
}

/** Fractions of the timers that are late. */
const LATE_TIMERS = [0, 0.005, 0.05];
/** Maximum lateness of a timer, in ms: as of a process that is not scheduled, or collects garbage. */
const MAX_LATE_MS = [10, 100, 1000];

/** Draws a clock on which few timers are late by much, until an end. */
export function drawTimers(random: Random, clock: Clock, isOver: () => boolean): Clock {
  const fraction = pickOne(random, LATE_TIMERS);
  const maxMs = pickOne(random, MAX_LATE_MS);
  if (fraction === 0) return clock;
  return {
    nowMs: () => clock.nowMs(),
    after: (delayMs, callback) => {
      const isLate = random.next() < fraction && !isOver();
      const lateMs = isLate ? drawMagnitude(random, MIN_DELAY_MS, maxMs) : 0;
      return clock.after(delayMs + lateMs, callback);
    },
  };
}
