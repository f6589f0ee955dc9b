import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { TestCluster, type TestHost } from "../../../lib/testing/index.ts";
import { Batcher, type Cancel, deadline, type KVNode } from "../../../lib/vortex/index.ts";
import { startNode } from "../../support/fake-host.ts";

/** The times at which a program's timers fired. */
function heard(program: (node: KVNode, hear: () => void) => void) {
  const { node, host } = startNode();
  const times: number[] = [];
  program(node, () => void times.push(node.nowMs()));
  return { times, host, clock: host.clock };
}

describe("Node.after", () => {
  test("calls back once, after the delay", async () => {
    const { times, clock } = heard((node, hear) => node.after(50, hear));
    await clock.advance(49);
    expect(times).toEqual([]);
    await clock.advance(1000);
    expect(times).toEqual([50]);
  });

  test("does not call back after it is cancelled", async () => {
    const { times, clock } = heard((node, hear) => {
      const cancel = node.after(50, hear);
      cancel();
      cancel();
    });
    await clock.advance(100);
    expect(times).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("may be cancelled by its own callback, or afterwards", async () => {
    const { times, clock, host } = heard((node, hear) => {
      const cancel = node.after(50, () => {
        cancel();
        hear();
      });
      node.after(60, cancel);
    });
    await clock.advance(100);
    expect([times, host.logged]).toEqual([[50], []]);
  });

  test("logs the error of its callback, synchronous or not", async () => {
    const { clock, host } = heard((node) => {
      node.after(1, () => {
        throw new Error("at once");
      });
      node.after(2, async () => {
        throw new Error("later");
      });
    });
    await clock.advance(5);
    expect(host.logged[0]).toStartWith("Error in timer: Error: at once\n");
    expect(host.logged[1]).toStartWith("Error in timer: Error: later\n");
  });
});

describe("Node.every", () => {
  test("calls back at each multiple of the interval, first after one", async () => {
    const { times, clock } = heard((node, hear) => node.every(10, hear));
    await clock.advance(35);
    expect(times).toEqual([10, 20, 30]);
  });

  test("does not drift when ticks are late", async () => {
    const { times, clock } = heard((node, hear) => node.every(10, hear));
    for (let tick = 0; tick < 100; tick++) {
      await clock.pause(13);
      await clock.advance(7);
    }
    // Every other tick is late by 3 ms; 2,000 ms hold 200 ticks.
    expect(times.slice(0, 4)).toEqual([13, 20, 33, 40]);
    expect(times.at(-1)).toBe(2000);
    expect(times).toHaveLength(200);
  });

  test("skips missed ticks, and keeps its grid", async () => {
    const { times, clock } = heard((node, hear) => node.every(10, hear));
    await clock.advance(10);
    await clock.pause(87);
    await clock.advance(23);
    expect(times).toEqual([10, 97, 100, 110, 120]);
  });

  test("keeps its grid at fractional intervals", async () => {
    const { times, clock } = heard((node, hear) => node.every(0.5, hear));
    await clock.advance(100);
    expect(times).toHaveLength(200);
  });

  test("stops when it is cancelled", async () => {
    const { times, clock } = heard((node, hear) => {
      const cancel = node.every(10, hear);
      node.after(25, cancel);
    });
    await clock.advance(100);
    expect(times).toEqual([10, 20]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("stops when its own callback cancels it", async () => {
    const { times, clock } = heard((node, hear) => {
      const cancel: Cancel = node.every(10, () => {
        hear();
        cancel();
      });
    });
    await clock.advance(100);
    expect(times).toEqual([10]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("continues when a callback throws, and logs the error", async () => {
    const { times, clock, host } = heard((node, hear) =>
      node.every(10, () => {
        hear();
        throw new Error("tick failed");
      }),
    );
    await clock.advance(20);
    expect(times).toEqual([10, 20]);
    expect(host.logged).toHaveLength(2);
    expect(host.logged[0]).toStartWith("Error in timer: Error: tick failed\n");
  });

  test("does not wait for the promise of a callback", async () => {
    const { times, clock } = heard((node, hear) =>
      node.every(10, async () => {
        hear();
        await node.sleep(1000);
      }),
    );
    await clock.advance(30);
    expect(times).toEqual([10, 20, 30]);
  });

  test.each([0, -1, Number.NaN])("refuses an interval of %d", (intervalMs) => {
    const { node } = startNode();
    expect(() => node.every(intervalMs, () => {})).toThrow(RangeError);
  });
});

/** The error that a function throws, or its promise rejects with, and the first line of its stack trace. */
async function placeOf(action: () => unknown): Promise<{ error: unknown; place: string }> {
  try {
    await action();
  } catch (error) {
    const { stack = "" } = error as Error;
    return { error, place: stack.split("\n")[1] ?? "" };
  }
  throw new Error("Nothing was thrown");
}

describe.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("%p ms", (ms) => {
  const Any = v.object({});
  const actions: readonly (readonly [string, (node: KVNode, host: TestHost) => unknown])[] = [
    ["after", (node) => node.after(ms, () => {})],
    ["every", (node) => node.every(ms, () => {})],
    ["sleep", (node) => node.sleep(ms)],
    ["rpc", (node) => node.rpc("n1", { type: "ask" }, Any, () => {}, { timeoutMs: ms })],
    ["syncRpc", (node) => node.syncRpc("n1", { type: "ask" }, Any, { timeoutMs: ms })],
    ["rpcAll", (node) => node.rpcAll(["n1"], { type: "ask" }, Any, { timeoutMs: ms })],
    ["deadline", (node) => deadline(node, Promise.resolve(), ms)],
    ["a Batcher's delayMs", (node) => new Batcher(node, { flush: async () => {}, delayMs: ms })],
    ["update", (node) => node.seqKv.update("a", () => 1, { backoffMs: ms })],
    ["ManualClock.after", (_, { clock }) => clock.after(ms, () => {})],
    ["ManualClock.advance", (_, { clock }) => clock.advance(ms)],
    ["ManualClock.pause", (_, { clock }) => clock.pause(ms)],
    ["TestCluster", () => new TestCluster({ program: () => {}, latencyMs: ms })],
    ["TestCluster.advance", () => new TestCluster({ program: () => {} }).advance(ms)],
  ];

  test.each(actions)("are refused by %s, at the line of its caller", async (_, action) => {
    const { node, host } = startNode();
    const { error, place } = await placeOf(() => action(node, host));
    expect(error).toBeInstanceOf(RangeError);
    expect(String(error)).toEndWith(`must be a finite number of milliseconds, but is ${ms}`);
    expect(place).toContain("timers.test.ts");
    expect(host.sent).toEqual([]);
    expect(host.clock.pendingTimers).toBe(0);
  });
});

test.each([0, Number.NaN])("%p is refused as a number of attempts or items", async (count) => {
  const { node } = startNode();
  const actions = [
    () => node.seqKv.update("a", () => 1, { attempts: count }),
    () => new Batcher(node, { flush: async () => {}, maxItems: count }),
  ];
  for (const action of actions) {
    const { error, place } = await placeOf(action);
    expect(String(error)).toEndWith(`must be a number from 1 on, but is ${count}`);
    expect(place).toContain("timers.test.ts");
  }
});

describe("Node.sleep", () => {
  test("resolves after the delay", async () => {
    const { times, clock } = heard((node, hear) => node.sleep(30).then(hear));
    await clock.advance(100);
    expect(times).toEqual([30]);
  });
});
