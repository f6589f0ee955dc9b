import { describe, expect, test } from "bun:test";
import { MAX_LENGTH, MAX_LOGGED_WRITES } from "../../../challenges/txn-rw-register/limits.ts";
import { Log } from "../../../challenges/txn-rw-register/log.ts";
import type { Write } from "../../../challenges/txn-rw-register/registers.ts";

/** A log with a transaction at each clock from 1 on, of so many writes. */
function logOf(...writeCounts: readonly number[]): Log {
  const log = new Log();
  for (const [index, count] of writeCounts.entries()) {
    log.append([index + 1, Array.from({ length: count }, (_, key): Write => [key, index])]);
    expect(log.isBounded).toBe(true);
  }
  return log;
}

const clocksAfter = (log: Log, clock: number, maxLength = MAX_LENGTH) =>
  log.after(clock, maxLength).map(([at]) => at);

describe("Log", () => {
  test("returns the transactions after a clock, oldest first", () => {
    const log = logOf(1, 1, 1, 1);
    expect(clocksAfter(log, 2)).toEqual([3, 4]);
    expect(clocksAfter(log, 4)).toEqual([]);
    expect(log.lastClock).toBe(4);
  });

  test("returns what fits into one message, but at least one transaction", () => {
    const log = logOf(10, 1, 1);
    expect(clocksAfter(log, 0, 1)).toEqual([1]);
    expect(clocksAfter(log, 1, 100)).toEqual([2, 3]);
  });

  test("drops the transactions up to a clock", () => {
    const log = logOf(1, 1, 1);
    log.drop(2);
    expect(clocksAfter(log, 0)).toEqual([3]);
    expect(log.droppedUpTo).toBe(2);
  });

  test("drops the older half when it holds too many writes", () => {
    const quarter = MAX_LOGGED_WRITES / 4;
    const log = logOf(quarter, quarter, quarter, quarter, quarter);
    expect(clocksAfter(log, 0)).toEqual([4, 5]);
    expect(log.droppedUpTo).toBe(3);
  });

  test("drops a transaction of more writes than it may hold", () => {
    const log = logOf(1, MAX_LOGGED_WRITES + 1);
    expect(clocksAfter(log, 0)).toEqual([]);
    expect(log.droppedUpTo).toBe(2);
  });
});
