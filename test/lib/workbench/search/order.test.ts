import { describe, expect, test } from "bun:test";
import { Scheduler } from "../../../../lib/workbench/clusters/scheduler.ts";
import type { DeliveryOrder } from "../../../../lib/workbench/network/delivery.ts";
import { randomStream } from "../../../../lib/workbench/random.ts";
import {
  BoundedDelays,
  drawOrder,
  drawTimers,
  Priorities,
} from "../../../../lib/workbench/search/order.ts";

/** Sends the messages of several chains one after the other; returns their order of delivery. */
function delivered(
  make: (scheduler: Scheduler) => DeliveryOrder,
  chains: Readonly<Record<string, number>>,
): string[] {
  const scheduler = new Scheduler();
  const order = make(scheduler);
  const names: string[] = [];
  let id = 0;
  const longest = Math.max(...Object.values(chains));
  for (let number = 1; number <= longest; number++) {
    for (const [src, count] of Object.entries(chains)) {
      if (number > count) continue;
      const delivery = { id: id++, src, dest: "n9", body: { type: "step" } };
      order.hold(delivery, 0, () => void names.push(`${src}${number}`));
    }
  }
  while (scheduler.step());
  return names;
}

const priorities =
  (seed: number, changeCount: number, epochSteps: number, maxHeldMs = 1000) =>
  (clock: Scheduler) =>
    new Priorities({
      ...{ clock, changeCount, epochSteps, maxHeldMs, stepMs: 1 },
      random: randomStream(seed, "order"),
      chainOf: ({ src }) => src,
    });

const SEEDS = Array.from({ length: 2000 }, (_, index) => index + 1);

/** The fraction of the seeds whose order of delivery has these in order. */
function fraction(chains: Record<string, number>, changeCount: number, events: string[]): number {
  const steps = Object.values(chains).reduce((sum, count) => sum + count);
  const hits = SEEDS.filter((seed) => {
    const order = delivered(priorities(seed, changeCount, steps), chains);
    const places = events.map((event) => order.indexOf(event));
    return places.every((place, index) => index === 0 || place > (places[index - 1] ?? 0));
  });
  return hits.length / SEEDS.length;
}

describe("Priorities", () => {
  test("delivers every message, and those of a chain in the order of sending", () => {
    for (const seed of SEEDS.slice(0, 100)) {
      const order = delivered(priorities(seed, 2, 12), { a: 4, b: 4, c: 4 });
      for (const chain of ["a", "b", "c"]) {
        const ofChain = order.filter((name) => name.startsWith(chain));
        expect(ofChain).toEqual([1, 2, 3, 4].map((number) => `${chain}${number}`));
      }
    }
  });

  test("finds an order of depth 1 with a probability of at least 1/n", () => {
    const chains = { a: 5, b: 5, c: 5, d: 5 };
    expect(fraction(chains, 0, ["d5", "a1"])).toBeGreaterThan(1 / 4);
  });

  test("finds an order of depth 2 with a probability of at least 1/(n k), and none without a change", () => {
    // Between two messages of b come the last one of a, and before those the first one of b.
    const chains = { a: 5, b: 5 };
    const events = ["b3", "a1", "b4"];
    expect(fraction(chains, 0, events)).toBe(0);
    expect(fraction(chains, 1, events)).toBeGreaterThan(1 / (2 * 10));
  });

  test("delivers a message after its time limit, whatever its priority", () => {
    const chains = { a: 1, b: 30 };
    const last = SEEDS.slice(0, 50).map((seed) =>
      delivered(priorities(seed, 0, 100, 10), chains).indexOf("a1"),
    );
    expect(Math.max(...last)).toBeWithin(5, 15);
  });

  test("keeps up with nodes that send more than it delivers one by one", () => {
    const scheduler = new Scheduler();
    const order = priorities(1, 1, 64)(scheduler);
    let [sent, received] = [0, 0];
    const flood = scheduler.after(0, function send() {
      if (++sent > 5000) return;
      order.hold({ id: sent, src: "a", dest: "n9", body: { type: "x" } }, 0, () => received++);
      scheduler.after(0.05, send);
    });
    while (sent <= 5000 && scheduler.step());
    flood();
    expect(sent - received).toBeLessThan(1500);
  });
});

describe("BoundedDelays", () => {
  test("delays no more messages of an epoch than it may", () => {
    const moved = SEEDS.slice(0, 200).map((seed) => {
      const random = randomStream(seed, "order");
      const order = delivered(
        (clock) =>
          new BoundedDelays({ clock, random, epochSteps: 20, delayCount: 2, maxDelayMs: 100 }),
        { a: 20 },
      );
      return 20 - longestAscending(order);
    });
    expect(Math.max(...moved)).toBe(2);
  });
});

describe("drawOrder", () => {
  test("delivers each message once, and none earlier than a fault of the network lets it", () => {
    for (const seed of SEEDS.slice(0, 200)) {
      const scheduler = new Scheduler();
      const order = drawOrder(randomStream(seed, "order"), scheduler);
      const times: number[] = [];
      for (let id = 0; id < 20; id++) {
        const delivery = { id, src: `n${id % 3}`, dest: "n9", body: { type: "x" } };
        order.hold(delivery, 100, () => times.push(scheduler.nowMs()));
      }
      while (scheduler.step());
      expect(times).toHaveLength(20);
      expect(Math.min(...times)).toBeGreaterThanOrEqual(100);
    }
  });
});

describe("drawTimers", () => {
  test("makes few timers late, and none early", () => {
    const lateness = SEEDS.slice(0, 100).map((seed) => {
      const scheduler = new Scheduler();
      const clock = drawTimers(randomStream(seed, "timers"), scheduler, () => false);
      const late: number[] = [];
      for (let count = 0; count < 100; count++) {
        clock.after(50, () => void late.push(scheduler.nowMs() - 50));
      }
      while (scheduler.step());
      expect(late).toHaveLength(100);
      return late;
    });
    expect(Math.min(...lateness.flat())).toBe(0);
    expect(Math.max(...lateness.flat())).toBeWithin(100, 1001);
    const lateOnes = lateness.map((of) => of.filter((ms) => ms > 0).length);
    expect(Math.max(...lateOnes)).toBeWithin(1, 20);
  });
});

function isLess(one: string, other: string): boolean {
  return Number(one.slice(1)) < Number(other.slice(1));
}

/** The length of the longest row of messages that kept their order. */
function longestAscending(names: readonly string[]): number {
  const lengths: number[] = [];
  for (const [index, name] of names.entries()) {
    const before = names
      .slice(0, index)
      .flatMap((other, at) => (isLess(other, name) ? [lengths[at] ?? 0] : []));
    lengths.push(1 + Math.max(0, ...before));
  }
  return Math.max(...lengths);
}
