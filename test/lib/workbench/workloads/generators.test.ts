import { describe, expect, test } from "bun:test";
import type { Operation } from "../../../../lib/workbench/history/history.ts";
import type { WorkloadName } from "../../../../lib/workbench/workloads/index.ts";
import { invocations, runGenerator } from "../../../support/simulations/generators.ts";
import { firstInvocations, makeWorkload, partOf } from "../../../support/simulations/workloads.ts";

/** Enough that a part of them is off by more than 2 % once in 10,000 times. */
const MANY = 10_000;

function main(name: WorkloadName): Operation[] {
  return firstInvocations(makeWorkload(name).generator, MANY);
}

function final(name: WorkloadName, concurrency: number): Operation[] {
  const { finalGenerator } = makeWorkload(name, { concurrency });
  if (finalGenerator === undefined) throw new Error(`${name} has no final phase`);
  return invocations(runGenerator(finalGenerator, { concurrency }));
}

const isRead = ({ f }: Operation) => f === "read";
const valuesOf = (operations: readonly Operation[], f: string) =>
  operations.filter((operation) => operation.f === f).map(({ value }) => Number(value));

describe("echo", () => {
  test('sends "Please echo k", with k from 0 to 127', () => {
    const texts = new Set(main("echo").map(({ value }) => value));
    const expected = Array.from({ length: 128 }, (_, k) => `Please echo ${k}`);
    expect([...texts].toSorted()).toEqual(expected.toSorted());
  });
});

describe("unique-ids", () => {
  test("only generates ids", () => {
    expect(new Set(main("unique-ids").map(({ f }) => f))).toEqual(new Set(["generate"]));
  });
});

describe.each([
  ["broadcast", "broadcast"],
  ["g-set", "add"],
] as const)("%s", (name, f) => {
  test("reads in half of the operations", () => {
    expect(Math.abs(partOf(main(name), isRead) - 1 / 2)).toBeLessThan(0.02);
  });

  test(`uses each value once: 0, 1, 2, ...`, () => {
    const values = valuesOf(main(name), f);
    expect(values).toEqual(values.map((_, index) => index));
  });
});

describe("pn-counter", () => {
  test("reads in half of the operations", () => {
    expect(Math.abs(partOf(main("pn-counter"), isRead) - 1 / 2)).toBeLessThan(0.02);
  });

  test("adds -5 to 4, all equally often", () => {
    const deltas = valuesOf(main("pn-counter"), "add");
    for (let delta = -5; delta <= 4; delta++) {
      expect(Math.abs(partOf(deltas, (one) => one === delta) - 0.1)).toBeLessThan(0.02);
    }
    expect(Math.min(...deltas)).toBe(-5);
    expect(Math.max(...deltas)).toBe(4);
  });
});

describe("g-counter", () => {
  test("reads in two of three operations", () => {
    expect(Math.abs(partOf(main("g-counter"), isRead) - 2 / 3)).toBeLessThan(0.02);
  });

  test("adds 0 to 4", () => {
    expect(new Set(valuesOf(main("g-counter"), "add"))).toEqual(new Set([0, 1, 2, 3, 4]));
  });
});

describe("the final phase", () => {
  test.each(["broadcast", "g-set", "g-counter", "pn-counter"] as const)(
    "of %s reads once with each client",
    (name) => {
      const reads = final(name, 4);
      expect(reads.map(({ f }) => f)).toEqual(["read", "read", "read", "read"]);
      expect(new Set(reads.map(({ process }) => process)).size).toBe(4);
    },
  );

  test.each(["broadcast", "g-counter", "pn-counter"] as const)("of %s is flagged", (name) => {
    expect(final(name, 2).map(({ final }) => final)).toEqual([true, true]);
  });

  test("of g-set is not flagged as final", () => {
    expect(final("g-set", 2).map(({ final }) => final)).toEqual([undefined, undefined]);
  });

  test.each(["echo", "unique-ids", "lin-kv", "txn-list-append", "txn-rw-register"] as const)(
    "does not exist in %s",
    (name) => {
      expect(makeWorkload(name, { concurrency: 2 }).finalGenerator).toBeUndefined();
    },
  );
});
