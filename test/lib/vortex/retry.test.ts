import { describe, expect, test } from "bun:test";
import { RpcError, retry } from "../../../lib/vortex/index.ts";
import { startNode } from "../../support/fake-host.ts";

describe("retry", () => {
  test("repeats an attempt until it succeeds, with timeouts of up to 8 s", async () => {
    const { node, host } = startNode();
    const timeouts: number[] = [];
    const result = retry(node, async (timeoutMs) => {
      timeouts.push(timeoutMs);
      if (timeouts.length < 6) throw new RpcError("timeout");
      return "done";
    });
    await host.clock.advance(10_000);
    expect(await result).toBe("done");
    expect(timeouts).toEqual([3000, 6000, 8000, 8000, 8000, 8000]);
  });

  test("waits between attempts, longer each time, up to 1 s", async () => {
    const { node, host } = startNode();
    const triedAtMs: number[] = [];
    void retry(node, () => {
      triedAtMs.push(node.nowMs());
      return Promise.reject(new RpcError("temporarily-unavailable"));
    });
    await host.clock.advance(20_000);
    const waitsMs = triedAtMs.slice(1).map((atMs, index) => atMs - (triedAtMs[index] ?? 0));
    expect(waitsMs[0]).toBeGreaterThanOrEqual(10);
    expect(waitsMs[0]).toBeLessThanOrEqual(20);
    for (const waitMs of waitsMs.slice(6)) {
      expect(waitMs).toBeGreaterThanOrEqual(500);
      expect(waitMs).toBeLessThanOrEqual(1000);
    }
  });

  test.each(["not-supported", "malformed-request"] as const)("does not retry %s", async (kind) => {
    const { node, host } = startNode();
    let attempts = 0;
    const error = new RpcError(kind, "never");
    const failing = retry(node, () => {
      attempts++;
      return Promise.reject(error);
    });
    expect(await failing.catch((reason) => reason)).toBe(error);
    expect(attempts).toBe(1);
    expect(host.clock.pendingTimers).toBe(0);
  });

  test("rejects with an indefinite error when an earlier attempt may have happened", async () => {
    const { node, host } = startNode();
    const errors = [new RpcError("timeout"), new RpcError("not-supported", "never")];
    const failing = retry(node, () => Promise.reject(errors.shift()));
    const outcome = failing.catch((reason) => reason);
    await host.clock.advance(1000);
    expect(await outcome).toMatchObject({ kind: "crash", message: "never", definite: false });
  });

  test("logs after 10 s of failing attempts, and each time the duration has doubled", async () => {
    const { node, host } = startNode();
    void retry(node, () => Promise.reject(new RpcError("temporarily-unavailable", "no luck")));
    await host.clock.advance(9000);
    expect(host.logged).toEqual([]);
    await host.clock.advance(51_000);
    expect(host.logged).toHaveLength(3);
    expect(host.logged[0]).toMatch(/^Still retrying after 1\d s and \d+ attempts: no luck$/);
  });

  test("does not retry an error that is not an RpcError", async () => {
    const { node } = startNode();
    const failing = retry(node, () => Promise.reject(new TypeError("a mistake")));
    await expect(failing).rejects.toThrow("a mistake");
  });
});
