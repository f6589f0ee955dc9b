import { describe, expect, test } from "bun:test";
import { type Batched, Batcher, type BatcherOptions, RpcError } from "../../../lib/vortex/index.ts";
import { settled, startNode } from "../../support/fake-host.ts";

/** A batcher whose flushes the test ends. */
function start(options: Partial<BatcherOptions<string, string>> = {}) {
  const { node, host } = startNode();
  const flushes: {
    readonly items: readonly string[];
    readonly end: PromiseWithResolvers<string>;
  }[] = [];
  const batcher = new Batcher<string, string>(node, {
    flush: (items) => {
      const end = Promise.withResolvers<string>();
      flushes.push({ items, end });
      return end.promise;
    },
    ...options,
  });
  const outcomes = new Map<string, Batched<string> | unknown>();
  return {
    batcher,
    clock: host.clock,
    outcomes,
    add: (item: string) => {
      batcher.add(item).then(
        (batched) => outcomes.set(item, batched),
        (error) => outcomes.set(item, error),
      );
    },
    batches: () => flushes.map(({ items }) => items),
    end: async (index: number, result = "stored") => {
      flushes[index]?.end.resolve(result);
      await settled();
    },
    fail: async (index: number, error: unknown) => {
      flushes[index]?.end.reject(error);
      await settled();
    },
  };
}

describe("Batcher", () => {
  test("flushes the items of one turn at once, as one batch", async () => {
    const { add, batches } = start();
    add("a");
    add("b");
    expect(batches()).toEqual([]);
    await settled();
    expect(batches()).toEqual([["a", "b"]]);
  });

  test("collects items while a batch is in flight, and flushes them after it", async () => {
    const { add, batches, end } = start();
    add("a");
    await settled();
    add("b");
    await settled();
    add("c");
    await settled();
    expect(batches()).toEqual([["a"]]);
    await end(0);
    expect(batches()).toEqual([["a"], ["b", "c"]]);
  });

  test("resolves each add with the result of its batch and the index in it", async () => {
    const { add, outcomes, end } = start();
    add("a");
    add("b");
    await settled();
    expect(outcomes.size).toBe(0);
    await end(0, "slot 7");
    expect(outcomes.get("a")).toEqual({ result: "slot 7", index: 0 });
    expect(outcomes.get("b")).toEqual({ result: "slot 7", index: 1 });
  });

  test("waits for delayMs from the first item on", async () => {
    const { add, batches, clock } = start({ delayMs: 100 });
    add("a");
    await clock.advance(60);
    add("b");
    await clock.advance(39);
    expect(batches()).toEqual([]);
    await clock.advance(1);
    expect(batches()).toEqual([["a", "b"]]);
  });

  test("counts delayMs while a batch is in flight", async () => {
    const { add, batches, clock, end } = start({ delayMs: 100 });
    add("a");
    await clock.advance(100);
    add("b");
    await clock.advance(150);
    await end(0);
    expect(batches()).toEqual([["a"], ["b"]]);
  });

  test("flushes a full batch without delay, and never exceeds maxItems", async () => {
    const { add, batches, end, clock } = start({ delayMs: 100, maxItems: 2 });
    for (const item of ["a", "b", "c"]) add(item);
    await settled();
    expect(batches()).toEqual([["a", "b"]]);
    await end(0);
    expect(batches()).toHaveLength(1);
    await clock.advance(100);
    expect(batches()).toEqual([["a", "b"], ["c"]]);
  });

  test("keeps batches within maxLength, except for a single longer item", async () => {
    const { add, batches, end } = start({ lengthOf: ({ length }) => length, maxLength: 4 });
    for (const item of ["aa", "bb", "c", "dddddd", "e"]) add(item);
    for (const index of [0, 1, 2]) {
      await settled();
      await end(index);
    }
    expect(batches()).toEqual([["aa", "bb"], ["c"], ["dddddd"], ["e"]]);
  });

  test.each([-1, Number.NaN])("refuses %p as maxLength", (maxLength) => {
    expect(() => start({ maxLength })).toThrow(
      new RangeError(`maxLength must be a number from 0 on, but is ${maxLength}`),
    );
  });

  test("rejects an item whose length cannot be computed, and no other", async () => {
    const lengthOf = (item: string) => {
      if (item === "bad") throw new TypeError("immeasurable");
      return 1;
    };
    const { add, batches, outcomes, clock } = start({ lengthOf });
    for (const item of ["a", "bad", "b"]) add(item);
    await settled();
    expect(batches()).toEqual([["a", "b"]]);
    expect(outcomes.get("bad")).toEqual(new TypeError("immeasurable"));
    expect(clock.pendingTimers).toBe(2);
  });

  test("rejects all items of a batch whose flush rejects, and continues", async () => {
    const { add, outcomes, batches, end, fail } = start();
    const error = new RpcError("crash", "the outcome is unknown");
    add("a");
    add("b");
    await settled();
    add("c");
    await fail(0, error);
    expect(outcomes.get("a")).toBe(error);
    expect(outcomes.get("b")).toBe(error);
    expect(batches()).toEqual([["a", "b"], ["c"]]);
    await end(1);
    expect(outcomes.get("c")).toMatchObject({ result: "stored" });
  });

  test("cancels an item with a definite error if no batch takes it in time", async () => {
    const { add, outcomes, batches, clock, end } = start({ timeoutMs: 1000 });
    add("a");
    await clock.advance(500);
    add("b");
    await clock.advance(1000);
    expect(outcomes.get("b")).toMatchObject({ kind: "temporarily-unavailable", definite: true });
    await end(0);
    expect(batches()).toEqual([["a"]]);
  });

  test("rejects an item with an indefinite error if its batch does not end in time", async () => {
    const { add, outcomes, clock, end } = start({ timeoutMs: 1000 });
    add("a");
    await clock.advance(1000);
    expect(outcomes.get("a")).toMatchObject({ kind: "timeout", definite: false });
    await end(0);
    expect(outcomes.get("a")).toMatchObject({ kind: "timeout" });
  });

  test("times out before clients do by default", async () => {
    const { add, outcomes, clock } = start();
    add("a");
    await clock.advance(4999);
    expect(outcomes.get("a")).toMatchObject({ kind: "timeout" });
  });

  test("never times out if timeoutMs is infinite", async () => {
    const { add, outcomes, clock, end } = start({ timeoutMs: Number.POSITIVE_INFINITY });
    add("a");
    await clock.advance(1e9);
    expect(outcomes.size).toBe(0);
    await end(0);
    expect(outcomes.get("a")).toMatchObject({ result: "stored" });
  });

  test("leaves no timers behind", async () => {
    const { add, clock, end, fail } = start();
    add("a");
    await settled();
    add("b");
    await end(0);
    await fail(1, new Error("no"));
    expect(clock.pendingTimers).toBe(0);
  });

  test("reports as its size the items whose batch has not ended", async () => {
    const { add, batcher, end } = start();
    add("a");
    expect(batcher.size).toBe(1);
    await settled();
    add("b");
    expect(batcher.size).toBe(2);
    await end(0);
    expect(batcher.size).toBe(1);
    await end(1);
    expect(batcher.size).toBe(0);
  });

  test("treats a flush that throws like one that rejects", async () => {
    const { node } = startNode();
    const batcher = new Batcher<string>(node, {
      flush: () => {
        throw new Error("no");
      },
    });
    await expect(batcher.add("a")).rejects.toThrow("no");
  });
});
