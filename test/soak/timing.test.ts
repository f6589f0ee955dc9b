import { describe, expect, test } from "bun:test";
import {
  type Context,
  clients,
  type Generator,
  nemesis,
} from "../../lib/workbench/clients/generator.ts";
import { atRate, calmMoment, inCycles, SOAK_FAULTS } from "./timing.ts";

const S = 1e9;

/**
 * The operations of a generator and their times in s.
 *
 * @param busy Period in which no client is free, in s.
 */
function times(generator: Generator, untilS: number, busy: readonly [number, number] = [0, 0]) {
  const found: { readonly s: number; readonly f: string }[] = [];
  let nowNs = 0;
  while (nowNs < untilS * S) {
    const isBusy = nowNs >= busy[0] * S && nowNs < busy[1] * S;
    const context: Context = {
      nowNs,
      timerSlackNs: 0,
      concurrency: 1,
      isIdle: !isBusy,
      isFree: () => !isBusy,
      freeClient: () => (isBusy ? undefined : 0),
      processOf: (thread) => thread,
    };
    const step = generator.next(context);
    if (step.type === "operation") found.push({ s: nowNs / S, f: step.invocation.f });
    else if (step.type === "wait") nowNs = step.untilNs;
    else nowNs = busy[1] * S;
  }
  return found;
}

const reads = () => clients(() => ({ f: "read", value: null }));

describe("atRate", () => {
  test("spaces operations evenly", () => {
    const found = times(atRate(10, reads()), 10);
    expect(found).toHaveLength(100);
    expect(found[50]?.s).toBeCloseTo(5, 6);
  });

  test("catches up after a period without free clients, at 1.5 times the rate", () => {
    const found = times(atRate(10, reads()), 30, [5, 10]);
    expect(found).toHaveLength(300);
    const after = found.filter(({ s }) => s >= 10 && s < 15);
    // One at once, then 15 per second.
    expect(after).toHaveLength(1 + 75);
  });
});

describe("inCycles", () => {
  test("starts and stops each fault once a cycle, one at a time, and leaves calm moments", () => {
    const operations = new Map(
      SOAK_FAULTS.map((fault) => {
        let count = 0;
        const next = () => ({ f: `${count++ % 2 === 0 ? "start" : "stop"}-${fault}`, value: null });
        return [fault, nemesis(next)];
      }),
    );
    const found = times(inCycles(60)(operations), 120);
    const cycle = SOAK_FAULTS.flatMap((fault) => [`start-${fault}`, `stop-${fault}`]);
    expect(found.map(({ f }) => f)).toEqual([...cycle, ...cycle]);
    const spans = found.filter((_, index) => index % 2 === 0).map(({ s }) => s);
    for (const s of spans) expect(calmMoment(s, 60)).toBeUndefined();
    expect(calmMoment(70, 60)).toBe(70);
    expect(calmMoment(1, 6)).toBe(10);
  });
});
