import { describe, expect, test } from "bun:test";
import type { Json } from "../../../../lib/vortex/index.ts";
import type { TestOptions } from "../../../../lib/workbench/run/test-options.ts";
import type { WorkloadName } from "../../../../lib/workbench/workloads/index.ts";
import {
  asked,
  converse,
  firstInvocations,
  makeWorkload,
  partOf,
} from "../../../support/simulations/workloads.ts";

type Txn = readonly (readonly [f: string, key: number, value: number | null])[];
const WORKLOADS = [
  ["txn-rw-register", "w"],
  ["txn-list-append", "append"],
] as const;

function transactions(
  name: WorkloadName,
  options: Partial<TestOptions> = {},
  count = 10_000,
): Txn[] {
  const { generator } = makeWorkload(name, options);
  return firstInvocations(generator, count).map(({ value }) => value as Txn);
}

/** The completion of a transaction whose reply holds the given one. */
function answeredWith(name: WorkloadName, txn: Json, question: Json = [["r", 1, null]]) {
  const operations = [asked("txn", question)];
  const { completions } = converse(makeWorkload(name), operations, () => ({ type: "txn_ok", txn }));
  return completions[0];
}

describe.each(WORKLOADS)("%s", (name, write) => {
  test(`reads, and writes by "${write}", equally often`, () => {
    const all = transactions(name).flat();
    expect(new Set(all.map(([f]) => f))).toEqual(new Set(["r", write]));
    expect(Math.abs(partOf(all, ([f]) => f === "r") - 1 / 2)).toBeLessThan(0.02);
  });

  test("emits transactions of every length up to the maximum, equally often", () => {
    const all = transactions(name, { maxTxnLength: 3 });
    for (const length of [1, 2, 3]) {
      expect(Math.abs(partOf(all, (txn) => txn.length === length) - 1 / 3)).toBeLessThan(0.02);
    }
  });

  test("uses the last key in half of the operations, the one before in a quarter", () => {
    const all = transactions(name, { keyCount: 4, maxWritesPerKey: 1_000_000 }).flat();
    const part = (wanted: number) => partOf(all, ([, key]) => key === wanted);
    for (const [key, expected] of [8 / 15, 4 / 15, 2 / 15, 1 / 15].entries()) {
      expect(Math.abs(part(3 - key) - expected)).toBeLessThan(0.02);
    }
  });

  test("writes 1, 2, 3, ... to each key, up to the maximum", () => {
    const writes = transactions(name, { maxWritesPerKey: 5 })
      .flat()
      .filter(([f]) => f === write);
    const byKey = Map.groupBy(writes, ([, key]) => key);
    expect(byKey.size).toBeGreaterThan(1000);
    for (const ofKey of byKey.values()) {
      const values = ofKey.map(([, , value]) => value);
      expect(values).toEqual([1, 2, 3, 4, 5].slice(0, values.length));
    }
  });

  test("uses at most keyCount keys at a time, and never a retired one", () => {
    const keys = transactions(name, { keyCount: 2, maxWritesPerKey: 3 }, 1000)
      .flat()
      .map(([, key]) => key);
    const lastUse = new Map(keys.map((key, index) => [key, index]));
    const inUse = new Set<number>();
    for (const [index, key] of keys.entries()) {
      expect(inUse.add(key).size).toBeLessThanOrEqual(2);
      if (lastUse.get(key) === index) inUse.delete(key);
    }
  });

  test("sends the transaction, and completes with the one in the reply", () => {
    const question = [
      ["r", 1, null],
      [write, 2, 6],
    ];
    const answer = [
      ["r", 1, name === "txn-list-append" ? [3] : 3],
      [write, 2, 6],
    ];
    const { requests, completions } = converse(
      makeWorkload(name),
      [asked("txn", question)],
      () => ({
        type: "txn_ok",
        txn: answer,
      }),
    );
    expect(requests).toEqual([{ type: "txn", txn: question }]);
    expect(completions).toEqual([{ type: "ok", value: answer }]);
  });

  test("accepts a reply to another transaction: only its shape counts", () => {
    const answer = [[write, 9, 1]];
    expect(answeredWith(name, answer)).toEqual({ type: "ok", value: answer });
  });

  test("accepts null for a read of an unknown key", () => {
    expect(answeredWith(name, [["r", 1, null]])).toMatchObject({ type: "ok" });
  });

  test("accepts null for an empty transaction", () => {
    expect(answeredWith(name, null)).toEqual({ type: "ok", value: [] });
  });

  test.each<[Json]>([[{}], [[null]], [[["r", 1]]], [[["r", 1, null, 4]]], [[["read", 1, null]]]])(
    "does not take %j for a transaction",
    (txn) => {
      expect(answeredWith(name, txn)).toMatchObject({
        type: "info",
        exception: { class: "MalformedReply", message: expect.stringContaining('"txn') },
      });
    },
  );

  test("completes as fail after a definite error, and as info after any other or a timeout", () => {
    const ends = (code: number | undefined) =>
      converse(makeWorkload(name), [asked("txn", [["r", 1, null]])], () =>
        code === undefined ? undefined : { type: "error", code, text: "no" },
      ).completions[0];
    expect(ends(30)).toMatchObject({ type: "fail", error: ["txn-conflict", "no"] });
    expect(ends(1000)).toMatchObject({ type: "info", error: ["unknown", "no"] });
    expect(ends(undefined)).toMatchObject({ type: "info", error: "net-timeout" });
  });
});

describe("txn-list-append", () => {
  test("accepts only lists as read values", () => {
    expect(answeredWith("txn-list-append", [["r", 1, 3]])).toMatchObject({
      type: "info",
      exception: { class: "MalformedReply" },
    });
    expect(answeredWith("txn-list-append", [["append", 1, 3]])).toMatchObject({ type: "ok" });
  });
});
