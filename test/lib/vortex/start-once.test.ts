import { describe, expect, test } from "bun:test";
import { startOnce } from "../../../lib/vortex/index.ts";
import { settled, startNode } from "../../support/fake-host.ts";

/** A start that fails a given number of times, and its node. */
function starting(failures: number) {
  const { node, host } = startNode();
  const state = { attempts: 0 };
  const start = startOnce(node, async () => {
    if (++state.attempts <= failures) throw new Error(`failure ${state.attempts}`);
  });
  const outcome = () => start().then(() => "started", String);
  return { host, start, outcome, state };
}

describe("startOnce", () => {
  test("starts on the first call, and only then", async () => {
    const { start, outcome, state, host } = starting(0);
    expect(state.attempts).toBe(0);
    expect(await Promise.all([start(), start()])).toEqual([undefined, undefined]);
    await host.clock.advance(10_000);
    expect(await outcome()).toBe("started");
    expect(state.attempts).toBe(1);
  });

  test("rejects for all callers, logs that once, and retries on a call a second later", async () => {
    const { outcome, state, host } = starting(2);
    const [one, other] = await Promise.all([outcome(), outcome()]);
    expect([one, other]).toEqual(["Error: failure 1", "Error: failure 1"]);
    await host.clock.advance(999);
    expect(await outcome()).toBe("Error: failure 1");
    await host.clock.advance(1);
    expect(await outcome()).toBe("Error: failure 2");
    await host.clock.advance(5000);
    expect(state.attempts).toBe(2);
    expect(await outcome()).toBe("started");
    expect(host.logged).toEqual([
      "Cannot start: Error: failure 1",
      "Cannot start: Error: failure 2",
    ]);
  });

  test("treats a start that throws like one that rejects", async () => {
    const { node, host } = startNode();
    let attempts = 0;
    const start = startOnce(node, () => {
      if (++attempts <= 2) throw new Error(`failure ${attempts}`);
      return Promise.resolve();
    });
    const outcome = () => start().then(() => "started", String);
    expect(await outcome()).toBe("Error: failure 1");
    await host.clock.advance(1000);
    expect(await outcome()).toBe("Error: failure 2");
    await host.clock.advance(1000);
    expect(await outcome()).toBe("started");
  });

  test("starts once, even if the start calls it again", async () => {
    const { node } = startNode();
    let attempts = 0;
    const start = startOnce(node, () => {
      if (++attempts < 10) void start();
      return Promise.resolve();
    });
    await start();
    expect(attempts).toBe(1);
  });

  test("leaves no rejection unhandled when its promise is ignored", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => void unhandled.push(reason);
    process.on("unhandledRejection", listen);
    try {
      void starting(1).start();
      await settled();
      await Bun.sleep(1);
    } finally {
      process.off("unhandledRejection", listen);
    }
    expect(unhandled).toEqual([]);
  });
});
