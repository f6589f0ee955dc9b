import { describe, expect, test } from "bun:test";
import { startOnce } from "../../../lib/vortex/index.ts";
import { settled, startNode } from "../../support/fake-host.ts";

/** A start that fails as often as it is told to, and its node. */
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
  test("begins with the first call, and no call begins it again", async () => {
    const { start, outcome, state, host } = starting(0);
    expect(state.attempts).toBe(0);
    expect(await Promise.all([start(), start()])).toEqual([undefined, undefined]);
    await host.clock.advance(10_000);
    expect(await outcome()).toBe("started");
    expect(state.attempts).toBe(1);
  });

  test("rejects for all who wait, logs that once, and begins again with a call a second later", async () => {
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

  test("takes a start that throws at once for one that fails", async () => {
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

  test("begins once, though what it does calls it again at once", async () => {
    const { node } = startNode();
    let attempts = 0;
    const start = startOnce(node, () => {
      if (++attempts < 10) void start();
      return Promise.resolve();
    });
    await start();
    expect(attempts).toBe(1);
  });

  test("leaves no rejection unhandled when nobody waits for it", async () => {
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
