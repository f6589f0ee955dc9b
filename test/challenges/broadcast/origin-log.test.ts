import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { JsonSet } from "../../../challenges/broadcast/json-set.ts";
import { OriginLog, type Run } from "../../../challenges/broadcast/origin-log.ts";

const nothing = () => false;

function newLog() {
  const values = new JsonSet();
  return { values, log: new OriginLog(values) };
}

describe("OriginLog", () => {
  test("numbers an origin's values from 0, and gives them back as a run", () => {
    const { values, log } = newLog();
    expect(log.merge(["a", 0, 10, 11], "me")).toBe(true);
    expect(log.merge(["a", 2, 12], "me")).toBe(true);
    expect(log.runs(0, nothing)).toMatchObject({ runs: [["a", 0, 10, 11, 12]], end: 3 });
    expect(log.countOf("a")).toBe(3);
    expect(values.asArray()).toEqual([10, 11, 12]);
  });

  test("takes of a run only what it lacks", () => {
    const { log } = newLog();
    log.merge(["a", 0, 10, 11], "me");
    expect(log.merge(["a", 1, 11, 12], "b")).toBe(true);
    expect(log.merge(["a", 0, 10], "b")).toBe(true);
    expect(log.runs(0, nothing).runs).toEqual([["a", 0, 10, 11, 12]]);
    expect([0, 1, 2].map((position) => log.sourceAt(position))).toEqual(["me", "me", "b"]);
  });

  test("refuses a run whose predecessors are missing", () => {
    const { values, log } = newLog();
    expect(log.merge(["a", 1, 11], "b")).toBe(false);
    expect(log.length).toBe(0);
    expect(values.size).toBe(0);
  });

  test("remembers no origin of which it has nothing", () => {
    const { log } = newLog();
    log.merge(["a", 1, 11], "b");
    log.merge(["c", 0], "b");
    expect(log.counts()).toEqual([]);
  });

  test("gives what came after a position", () => {
    const { log } = newLog();
    log.merge(["a", 0, 10], "me");
    log.merge(["b", 0, 20], "b");
    log.merge(["a", 1, 11], "me");
    expect(log.runs(1, nothing).runs).toEqual([
      ["b", 0, 20],
      ["a", 1, 11],
    ]);
    expect(log.runs(3, nothing)).toEqual({ runs: [], end: 3, length: 0 });
  });

  test("leaves out what is to be skipped, and begins a new run behind it", () => {
    const { log } = newLog();
    log.merge(["a", 0, 10, 11, 12], "me");
    log.merge(["b", 0, 20], "b");
    expect(log.runs(0, (_origin, number) => number === 1).runs).toEqual([
      ["a", 0, 10],
      ["a", 2, 12],
      ["b", 0, 20],
    ]);
    expect(log.runs(0, (_origin, _number, source) => source === "b").runs).toEqual([
      ["a", 0, 10, 11, 12],
    ]);
  });

  test("stops where the values get too long, but not before the first", () => {
    const { log } = newLog();
    log.merge(["a", 0, "x".repeat(100), "y", "z".repeat(100)], "me");
    const [x, z] = ["x".repeat(100), "z".repeat(100)];
    const both = log.runs(0, nothing, 110);
    expect(both).toMatchObject({ runs: [["a", 0, x, "y"]], end: 2 });
    expect(both.length).toBeWithin(101, 110);
    const last = log.runs(2, nothing, 1);
    expect(last).toMatchObject({ runs: [["a", 2, z]], end: 3 });
    expect(last.length).toBeWithin(100, 110);
  });

  test("knows who has all of it from how much they have of each origin", () => {
    const { log } = newLog();
    log.merge(["a", 0, 10, 11], "me");
    log.merge(["__proto__", 0, 20], "b");
    expect(log.counts()).toEqual([
      ["a", 2],
      ["__proto__", 1],
    ]);
    expect(log.isCoveredBy(new Map(log.counts()))).toBe(true);
    expect(log.isCoveredBy(new Map([["a", 2]]))).toBe(false);
  });

  test("ends equal however its runs are cut, ordered, and repeated, once all have come", () => {
    const messages = fc.array(
      fc.record({ origin: fc.constantFrom("a", "b"), from: fc.nat(9), count: fc.nat(9) }),
    );
    fc.assert(
      fc.property(messages, (cuts) => {
        const { values, log } = newLog();
        const valueAt = (origin: string, number: number) => (origin === "a" ? 0 : 1000) + number;
        const send = (origin: string, from: number, count: number) => {
          const numbers = Array.from({ length: count }, (_, index) => from + index);
          const run: Run = [origin, from, ...numbers.map((number) => valueAt(origin, number))];
          const known = log.countOf(origin);
          expect(log.merge(run, "peer")).toBe(from <= known);
          expect(log.countOf(origin)).toBe(from <= known ? Math.max(known, from + count) : known);
        };
        for (const { origin, from, count } of cuts) send(origin, from, count);
        for (const origin of ["a", "b"]) send(origin, 0, 20);
        expect(log.length).toBe(40);
        expect(values.size).toBe(40);
        for (const [origin, first, ...run] of log.runs(0, nothing).runs) {
          expect(run).toEqual(run.map((_, index) => valueAt(origin, first + index)));
        }
      }),
    );
  });
});
