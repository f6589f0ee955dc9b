import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Scheduler } from "../../../../lib/workbench/clusters/scheduler.ts";

function sleep(scheduler: Scheduler, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    scheduler.after(delayMs, resolve);
  });
}

describe("Scheduler", () => {
  test("jumps from event to event, in the order of their times", () => {
    const scheduler = new Scheduler();
    const seen: string[] = [];
    scheduler.after(60_000, () => seen.push(`late at ${scheduler.nowMs()}`));
    scheduler.after(0.25, () => seen.push(`soon at ${scheduler.nowMs()}`));
    while (scheduler.step());
    expect(seen).toEqual(["soon at 0.25", "late at 60000"]);
  });

  test("runs events of the same time in the order they were scheduled", () => {
    const scheduler = new Scheduler();
    const seen: number[] = [];
    for (const number of [1, 2, 3]) scheduler.after(5, () => seen.push(number));
    while (scheduler.step());
    expect(seen).toEqual([1, 2, 3]);
  });

  test("runs all promise continuations of an event before the next event", () => {
    const scheduler = new Scheduler();
    const seen: string[] = [];
    scheduler.after(1, async () => {
      for (let depth = 0; depth < 100; depth++) await undefined;
      seen.push("follows");
    });
    scheduler.after(1, () => seen.push("next"));
    while (scheduler.step());
    expect(seen).toEqual(["follows", "next"]);
  });

  test("skips a cancelled event", () => {
    const scheduler = new Scheduler();
    let count = 0;
    const cancel = scheduler.after(1, () => count++);
    cancel();
    expect(scheduler.step()).toBe(false);
    expect(count).toBe(0);
  });

  test("runs what was not cancelled in order, whatever is cancelled and when", () => {
    const timer = fc.record({
      delayMs: fc.nat(20),
      /** Index of the timer that it cancels when it fires. */
      cancels: fc.option(fc.nat(30), { nil: undefined }),
      isCancelled: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(timer, { maxLength: 30 }), (timers) => {
        const scheduler = new Scheduler();
        const fired: number[] = [];
        const cancels = timers.map(({ delayMs, cancels: other }, index) =>
          scheduler.after(delayMs, () => {
            fired.push(index);
            if (other !== undefined) cancels[other]?.();
          }),
        );
        for (const [index, { isCancelled }] of timers.entries())
          if (isCancelled) cancels[index]?.();
        while (scheduler.step());

        const gone = new Set(
          timers.flatMap(({ isCancelled }, index) => (isCancelled ? index : [])),
        );
        const inOrder = timers
          .map(({ delayMs, cancels: other }, index) => ({ delayMs, other, index }))
          .sort((one, next) => one.delayMs - next.delayMs || one.index - next.index);
        const expected: number[] = [];
        for (const { index, other } of inOrder) {
          if (gone.has(index)) continue;
          expected.push(index);
          if (other !== undefined) gone.add(other);
        }
        expect(fired).toEqual(expected);
      }),
    );
  });

  test("run returns the result of a task", () => {
    const scheduler = new Scheduler();
    const task = async () => {
      await sleep(scheduler, 1000);
      await sleep(scheduler, 500);
      return scheduler.nowMs();
    };
    expect(scheduler.run(task())).toBe(1500);
  });

  test("run throws the rejection of a task", () => {
    const scheduler = new Scheduler();
    const task = async () => {
      await sleep(scheduler, 1);
      throw new Error("no luck");
    };
    expect(() => scheduler.run(task())).toThrow("no luck");
  });

  test("run throws when no event is left and the task is still pending", () => {
    expect(() => new Scheduler().run(new Promise(() => {}))).toThrow("still pending");
  });
});
