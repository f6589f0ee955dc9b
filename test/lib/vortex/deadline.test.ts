import { describe, expect, test } from "bun:test";
import { deadline } from "../../../lib/vortex/index.ts";
import { settled, startNode } from "../../support/fake-host.ts";

describe("deadline", () => {
  test("settles like the promise, and leaves no timer behind", async () => {
    const { node, host } = startNode();
    expect(await deadline(node, Promise.resolve(1), 100)).toBe(1);
    await deadline(node, Promise.reject(new Error("no")), 100).catch((error) => {
      expect(error).toMatchObject({ message: "no" });
    });
    expect(host.clock.pendingTimers).toBe(0);
  });

  test("rejects with a definite error after the limit", async () => {
    const { node, host } = startNode();
    let outcome: unknown;
    deadline(node, new Promise(() => {}), 100).catch((error) => {
      outcome = error;
    });
    await host.clock.advance(99);
    expect(outcome).toBeUndefined();
    await host.clock.advance(1);
    await settled();
    expect(outcome).toMatchObject({ kind: "temporarily-unavailable" });
  });
});
