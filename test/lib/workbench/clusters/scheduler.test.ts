import { describe, expect, test } from "bun:test";
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
