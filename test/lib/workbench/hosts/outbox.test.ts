import { describe, expect, test } from "bun:test";
import { Scheduler } from "../../../../lib/workbench/clusters/scheduler.ts";
import { Outbox } from "../../../../lib/workbench/hosts/outbox.ts";
import { MemoryBus } from "../../../support/hosts.ts";

describe("An outbox", () => {
  test("keeps texts while the server is away, and sends them in order", async () => {
    const bus = new MemoryBus();
    const clock = new Scheduler();
    const received: string[] = [];
    bus.subscribe("a", (text) => received.push(text));
    const outbox = new Outbox(bus, clock);
    bus.isConnected = false;
    for (const text of ["1", "2", "3"]) expect(outbox.send("a", text)).toBe(true);
    await Bun.sleep(0);
    expect(received).toEqual([]);
    clock.after(250, () => {
      bus.isConnected = true;
      outbox.send("a", "4");
    });
    while (clock.step());
    await Bun.sleep(0);
    expect(received).toEqual(["1", "2", "3", "4"]);
    expect(outbox).toMatchObject({ outages: 1, outageMs: 250, overflow: 0 });
  });

  test("refuses a text that is too large, also while the server is away", () => {
    const bus = new MemoryBus();
    bus.maxBytes = 3;
    const outbox = new Outbox(bus, new Scheduler());
    for (const isConnected of [true, false]) {
      bus.isConnected = isConnected;
      expect(() => outbox.send("a", "\u00e9\u00e9")).toThrow("The text has 4 bytes");
    }
    bus.isConnected = true;
    expect(() => outbox.update()).not.toThrow();
  });

  test("drops what a slow server does not take", async () => {
    const bus = new MemoryBus();
    bus.maxBytes = 2 ** 26;
    const { promise, resolve } = Promise.withResolvers<void>();
    bus.flushing = promise;
    const outbox = new Outbox(bus, new Scheduler());
    const text = "x".repeat(2 ** 25);
    expect([1, 2, 3].map(() => outbox.send("a", text))).toEqual([true, true, false]);
    resolve();
    await Bun.sleep(0);
    // The first of the two is flushed: the flush began with it.
    expect([1, 2].map(() => outbox.send("a", text))).toEqual([true, false]);
  });

  test("drops what exceeds its limit while the server is away", () => {
    const bus = new MemoryBus();
    bus.maxBytes = 2 ** 26;
    bus.isConnected = false;
    const outbox = new Outbox(bus, new Scheduler());
    const text = "x".repeat(2 ** 23);
    expect([1, 2, 3].map(() => outbox.send("a", text))).toEqual([true, true, false]);
    expect(outbox.overflow).toBe(1);
  });
});
