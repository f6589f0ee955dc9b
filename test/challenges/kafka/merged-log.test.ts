import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MergedLog } from "../../../challenges/kafka/merged-log.ts";

const ofTime = (time: number, ...messages: [key: string, message: unknown][]) => {
  return { time, messages, commits: [] };
};
const polled = (log: MergedLog, offsets: { [key: string]: number }, maxCount?: number) =>
  Object.fromEntries(log.poll(new Map(Object.entries(offsets)), maxCount));

describe("MergedLog", () => {
  test("gives every message of every node a unique offset", () => {
    const log = new MergedLog(3);
    const offsets = [0, 1, 2].flatMap((node) => [0, 1, 2].map((time) => log.offsetOf(node, time)));
    expect(offsets.toSorted((one, other) => one - other)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("shows no message that another could still precede", () => {
    const log = new MergedLog(2);
    log.add(0, ofTime(5, ["k", "a"], ["k", "b"]));
    expect(polled(log, { k: 0 })).toEqual({});
    log.raiseWatermark(1, 6);
    expect(polled(log, { k: 0 })).toEqual({ k: [[10, "a"]] });
    log.add(1, ofTime(6, ["k", "c"]));
    expect(polled(log, { k: 0 })).toEqual({
      k: [
        [10, "a"],
        [12, "b"],
        [13, "c"],
      ],
    });
  });

  test("starts at the given offset, or at the next existing one", () => {
    const log = new MergedLog(1);
    log.add(0, ofTime(5, ["k", "a"], ["k", "b"]));
    log.add(0, ofTime(9, ["k", "c"]));
    const offsetsFrom = (offset: number) =>
      polled(log, { k: offset })["k"]?.map(([found]) => found);
    expect([-1, 5, 6, 7, 9, 10].map(offsetsFrom)).toEqual([
      [5, 6, 9],
      [5, 6, 9],
      [6, 9],
      [9],
      [9],
      undefined,
    ]);
  });

  test("returns about 2^20 characters at most, or one message that is longer", () => {
    const log = new MergedLog(1);
    const [huge, long] = ["x".repeat(3e6), ["y".repeat(400_000)]];
    for (let time = 0; time < 40; time += 4) {
      log.add(0, ofTime(time, ["a", huge], ["b", huge], ["c", long], ["d", 1]));
    }
    const counts = (offsets: { [key: string]: number }) =>
      Object.fromEntries(
        Object.entries(polled(log, offsets)).map(([key, messages]) => [key, messages.length]),
      );
    expect(counts({ a: 0 })).toEqual({ a: 1 });
    expect(counts({ a: 39, c: 0, d: 0 })).toEqual({ c: 1, d: 10 });
    expect(counts({ c: 0 })).toEqual({ c: 2 });
    // The next poll gets the rest.
    expect(counts({ a: 0, b: 0, d: 0 })).toEqual({ a: 1 });
    expect(counts({ a: 37, b: 0, d: 0 })).toEqual({ b: 1 });
    expect(counts({ a: 37, b: 38, d: 0 })).toEqual({ d: 10 });
  });

  test("leaves out no message within the limit of a poll", () => {
    const log = new MergedLog(1);
    for (let time = 0; time < 100; time++) log.add(0, ofTime(time, ["a", time], ["b", time]));
    const { a, b } = polled(log, { a: 10, b: 20 }, 20);
    expect(a).toEqual(Array.from({ length: 10 }, (_, index) => [10 + index, 10 + index]));
    expect(b).toHaveLength(10);
  });

  test("gives long logs the room that short ones leave", () => {
    const log = new MergedLog(1);
    log.add(0, ofTime(0, ["few", 0]));
    for (let time = 1; time < 100; time++) log.add(0, ofTime(time, ["many", time]));
    const { few, none, many } = polled(log, { few: 0, none: 0, many: 0 }, 30);
    expect([few?.length, none, many?.length]).toEqual([1, undefined, 29]);
  });

  test("returns at least one message of each key that has any", () => {
    const log = new MergedLog(1);
    for (let time = 0; time < 100; time++) log.add(0, ofTime(time, [String(time), "m"]));
    const offsets = Object.fromEntries(Array.from({ length: 200 }, (_, key) => [String(key), 0]));
    expect(Object.keys(polled(log, offsets, 5))).toHaveLength(100);
  });

  test("raises committed offsets, and never lowers them", () => {
    const log = new MergedLog(1);
    expect(log.commit("k", 5)).toBe(true);
    expect(log.commit("k", 3)).toBe(false);
    log.add(0, { time: 0, messages: [], commits: [["k", 4]] });
    expect(log.committed("k")).toBe(5);
    expect(log.committed("other")).toBeUndefined();
  });

  test("shows the same messages in the same order, however the records of the nodes interleave", () => {
    const records = fc.array(fc.tuple(fc.nat(2), fc.nat(3), fc.nat(3)), { maxLength: 40 });
    const schedule = fc.array(fc.nat(2), { minLength: 200, maxLength: 200 });
    fc.assert(
      fc.property(records, schedule, (made, turns) => {
        // What each node appends: records of some messages, with gaps of time in between.
        const logs: ReturnType<typeof ofTime>[][] = [[], [], []];
        const ends = [0, 0, 0];
        for (const [node, gap, count] of made) {
          const time = (ends[node] ?? 0) + gap;
          const messages = Array.from({ length: count }, (_, index): [string, unknown] => [
            `k${index % 2}`,
            `${node}/${time + index}`,
          ]);
          logs[node]?.push(ofTime(time, ...messages));
          ends[node] = time + count;
        }
        const whole = new MergedLog(3);
        for (const [node, log] of logs.entries()) for (const one of log) whole.add(node, one);
        for (const node of [0, 1, 2]) whole.raiseWatermark(node, 1000);

        const step = new MergedLog(3);
        const seen = new Map<string, unknown[]>();
        const positions = new Map([
          ["k0", 0],
          ["k1", 0],
        ]);
        const poll = () => {
          for (const [key, messages] of step.poll(positions, 4)) {
            seen.set(key, [...(seen.get(key) ?? []), ...messages]);
            positions.set(key, (messages.at(-1)?.[0] ?? 0) + 1);
          }
        };
        const remaining = logs.map((log) => [...log]);
        for (const node of [...turns, ...turns, 0, 1, 2]) {
          const next = remaining[node]?.shift();
          if (next !== undefined) step.add(node, next);
          poll();
        }
        for (const [node, log] of remaining.entries()) for (const one of log) step.add(node, one);
        for (const node of [0, 1, 2]) step.raiseWatermark(node, 1000);
        for (let polls = 0; polls < 100; polls++) poll();
        expect(Object.fromEntries(seen)).toEqual(polled(whole, { k0: 0, k1: 0 }));
      }),
    );
  });
});
