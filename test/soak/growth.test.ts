import { describe, expect, test } from "bun:test";
import { latencyGrowth, memoryGrowth, type Sample, workGrowth } from "./growth.ts";

/** A sample per second for ten minutes, with 100 messages per second that carry a value each. */
function samples(bytesAt: (s: number) => number): Sample[] {
  return Array.from({ length: 600 }, (_, s) => ({
    s,
    bytes: bytesAt(s),
    cpuMs: 10 * s,
    messages: 100 * s,
    values: 100 * s,
  }));
}

const MB = 1e6;
/** Garbage that accumulates and is collected. */
const garbage = (s: number) => ((s * 7) % 40) * MB;
const isAllowed = ({ bytes, allowedBytes }: ReturnType<typeof memoryGrowth>) =>
  bytes <= allowedBytes;

describe("memoryGrowth", () => {
  test("is small when only garbage accumulates", () => {
    const growth = memoryGrowth(
      samples((s) => 20 * MB + garbage(s)),
      0,
    );
    expect(Math.abs(growth.bytes)).toBeLessThan(MB);
    expect(isAllowed(growth)).toBe(true);
  });

  test("ignores the warm-up", () => {
    const growth = memoryGrowth(
      samples((s) => Math.min(s, 100) * MB),
      0,
    );
    expect(growth.bytes).toBe(0);
  });

  test("shows a leak of 300 bytes per message despite garbage", () => {
    const growth = memoryGrowth(
      samples((s) => 20 * MB + garbage(s) + 300 * 100 * s),
      0,
    );
    expect(isAllowed(growth)).toBe(false);
    expect(growth.bytes / growth.messages).toBeCloseTo(300, -2);
  });

  test("allows for the stored values and no more", () => {
    const growing = samples((s) => 300 * 100 * s);
    expect(isAllowed(memoryGrowth(growing, 300))).toBe(true);
    expect(isAllowed(memoryGrowth(growing, 30))).toBe(false);
  });

  test("ignores a short peak", () => {
    const growth = memoryGrowth(
      samples((s) => (s > 590 ? 500 : 20) * MB),
      0,
    );
    expect(isAllowed(growth)).toBe(true);
  });

  test("throws on too few samples", () => {
    expect(() => memoryGrowth(samples(() => MB).slice(0, 10), 0)).toThrow("Too few samples");
  });
});

describe("latencyGrowth", () => {
  const allowed = (medians: readonly number[]) => {
    const { lastMs, allowedMs } = latencyGrowth(medians);
    return lastMs <= allowedMs;
  };

  test("tolerates noise and a short peak", () => {
    expect(allowed(Array.from({ length: 100 }, (_, index) => 1 + (index % 7) / 10))).toBe(true);
    expect(allowed(Array.from({ length: 100 }, (_, index) => (index > 95 ? 50 : 1)))).toBe(true);
  });

  test("may be at most 50 %", () => {
    expect(allowed(Array.from({ length: 100 }, (_, index) => 1 + index / 25))).toBe(false);
  });
});

describe("workGrowth", () => {
  test("gives the CPU time per message in the first and the last third", () => {
    const { firstUs, lastUs, allowedUs } = workGrowth(samples(() => MB));
    // 10 ms per second, for 100 messages.
    expect([firstUs, lastUs, allowedUs]).toEqual([100, 100, 150]);
  });

  test("may be at most 50 %", () => {
    const growing = samples(() => MB).map((one) => ({ ...one, cpuMs: one.s ** 2 }));
    const { lastUs, allowedUs } = workGrowth(growing);
    expect(lastUs).toBeGreaterThan(allowedUs);
  });
});
