import { describe, expect, test } from "bun:test";
import {
  any,
  clients,
  type Generator,
  inOrder,
  nemesis,
} from "../../../../lib/workbench/clients/generator.ts";
import { interpret } from "../../../../lib/workbench/clients/interpreter.ts";
import { Scheduler } from "../../../../lib/workbench/clusters/scheduler.ts";
import { runGenerator } from "../../../support/simulations/generators.ts";

const adds = (...values: number[]) =>
  clients(inOrder(values.map((value) => ({ f: "add", value }))));

describe("interpret", () => {
  test("records invocations and completions with index, time and process", () => {
    expect(runGenerator(adds(7), { tookMs: () => 2.5 })).toEqual([
      { index: 0, time: 0, type: "invoke", process: 0, f: "add", value: 7 },
      { index: 1, time: 2_500_000, type: "ok", process: 0, f: "add", value: 7 },
    ]);
  });

  test("replaces a process after an operation with unknown outcome", () => {
    const history = runGenerator(adds(1, 2, 3, 4), {
      concurrency: 2,
      complete: ({ value }, thread) => ({ type: thread === 1 ? "info" : "ok", value }),
    });
    const processes = history.filter(({ type }) => type === "invoke").map((one) => one.process);
    expect(processes).toEqual([0, 1, 0, 3]);
  });

  test("keeps a process whose operation failed", () => {
    const history = runGenerator(adds(1, 2), {
      complete: ({ value }) => ({ type: "fail", value, error: ["abort", "no"] }),
    });
    expect(history.map(({ process }) => process)).toEqual([0, 0, 0, 0]);
  });

  test("records both ends of a nemesis operation as info", () => {
    const history = runGenerator(nemesis(inOrder([{ f: "start-partition", value: "one" }])));
    expect(history.map(({ type, process }) => `${process} ${type}`)).toEqual([
      "nemesis info",
      "nemesis info",
    ]);
  });

  test("rejects with the signal's reason, and starts no more operations", async () => {
    const scheduler = new Scheduler();
    const controller = new AbortController();
    let begun = 0;
    const run = interpret(
      clients(() => ({ f: "op", value: null })),
      {
        clock: scheduler,
        zeroMs: 0,
        timerSlackMs: 0,
        concurrency: 1,
        signal: controller.signal,
        invoke: () =>
          new Promise((resolve) => {
            begun++;
            scheduler.after(1000, () => resolve({ type: "ok", value: null }));
          }),
      },
    );
    scheduler.after(2500, () => controller.abort(new Error("stop it")));
    expect(() => scheduler.run(run)).toThrow("stop it");
    const before = begun;
    while (scheduler.step());
    expect(begun).toBe(before);
  });

  test("rejects when a generator waits for an operation that is not in flight", () => {
    const stuck: Generator = { next: () => ({ type: "pending" }) };
    expect(() => runGenerator(any([stuck]))).toThrow("none is in flight");
  });

  test("rejects with an error that a generator throws", () => {
    const broken = clients(() => {
      throw new Error("broken generator");
    });
    expect(() => runGenerator(broken)).toThrow("broken generator");
  });
});
