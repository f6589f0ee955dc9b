import { describe, expect, test } from "bun:test";
import { latencyGrowth, memoryGrowth, type Sample, workGrowth } from "./judge.ts";

/** One sample a second for ten minutes; 100 messages a second, each of them a value. */
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
/** Garbage that piles up for a while, and is collected. */
const garbage = (s: number) => ((s * 7) % 40) * MB;
const holds = ({ bytes, allowedBytes }: ReturnType<typeof memoryGrowth>) => bytes <= allowedBytes;

describe("memoryGrowth", () => {
  test("is little where there is nothing but garbage", () => {
    const growth = memoryGrowth(
      samples((s) => 20 * MB + garbage(s)),
      0,
    );
    expect(Math.abs(growth.bytes)).toBeLessThan(MB);
    expect(holds(growth)).toBe(true);
  });

  test("does not count the warm-up", () => {
    const growth = memoryGrowth(
      samples((s) => Math.min(s, 100) * MB),
      0,
    );
    expect(growth.bytes).toBe(0);
  });

  test("shows a leak of 300 bytes a message under much garbage", () => {
    const growth = memoryGrowth(
      samples((s) => 20 * MB + garbage(s) + 300 * 100 * s),
      0,
    );
    expect(holds(growth)).toBe(false);
    expect(growth.bytes / growth.messages).toBeCloseTo(300, -2);
  });

  test("allows for the values that are to be kept, and for no more", () => {
    const growing = samples((s) => 300 * 100 * s);
    expect(holds(memoryGrowth(growing, 300))).toBe(true);
    expect(holds(memoryGrowth(growing, 30))).toBe(false);
  });

  test("is not raised by single moments", () => {
    const growth = memoryGrowth(
      samples((s) => (s > 590 ? 500 : 20) * MB),
      0,
    );
    expect(holds(growth)).toBe(true);
  });

  test("cannot be told of few samples", () => {
    expect(() => memoryGrowth(samples(() => MB).slice(0, 10), 0)).toThrow("too few");
  });
});

describe("latencyGrowth", () => {
  const allowed = (medians: readonly number[]) => {
    const { lastMs, allowedMs } = latencyGrowth(medians);
    return lastMs <= allowedMs;
  };

  test("is allowed where it is by chance", () => {
    expect(allowed(Array.from({ length: 100 }, (_, index) => 1 + (index % 7) / 10))).toBe(true);
    expect(allowed(Array.from({ length: 100 }, (_, index) => (index > 95 ? 50 : 1)))).toBe(true);
  });

  test("is not allowed beyond half as much again", () => {
    expect(allowed(Array.from({ length: 100 }, (_, index) => 1 + index / 25))).toBe(false);
  });
});

describe("workGrowth", () => {
  test("tells what a message costs at first and in the end", () => {
    const { firstUs, lastUs, allowedUs } = workGrowth(samples(() => MB));
    // 10 ms a second for 100 messages.
    expect([firstUs, lastUs, allowedUs]).toEqual([100, 100, 150]);
  });

  test("is not allowed beyond half as much again", () => {
    const growing = samples(() => MB).map((one) => ({ ...one, cpuMs: one.s ** 2 }));
    const { lastUs, allowedUs } = workGrowth(growing);
    expect(lastUs).toBeGreaterThan(allowedUs);
  });
});
