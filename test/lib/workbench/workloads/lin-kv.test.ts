import { describe, expect, test } from "bun:test";
import type { Json } from "../../../../lib/vortex/index.ts";
import type { Invocation } from "../../../../lib/workbench/clients/generator.ts";
import type { Completion } from "../../../../lib/workbench/clients/interpreter.ts";
import type { Operation } from "../../../../lib/workbench/history/history.ts";
import { nodeNames } from "../../../../lib/workbench/run/test-options.ts";
import {
  asked,
  converse,
  firstInvocations,
  makeWorkload,
  partOf,
} from "../../../support/simulations/workloads.ts";

interface Run {
  readonly nodeCount?: number;
  readonly concurrency?: number;
  readonly count?: number;
  readonly complete?: (invocation: Invocation) => Completion;
}

function run({ nodeCount = 1, concurrency = 2 * nodeCount, count = 3000, complete }: Run = {}) {
  const { generator } = makeWorkload("lin-kv", { nodeIds: nodeNames(nodeCount), concurrency });
  return firstInvocations(generator, count, {
    concurrency,
    // Longer than nothing: otherwise the first thread would always be free again.
    tookMs: () => 1,
    ...(complete === undefined ? {} : { complete }),
  });
}

/** The thread of an operation: processes of one thread differ by multiples of the concurrency. */
const threadOf = ({ process }: Operation, concurrency: number) => Number(process) % concurrency;
const keyOf = ({ value }: Operation) => (value as readonly Json[])[0];
const argumentOf = ({ value }: Operation) => (value as readonly Json[])[1];
const unknown = ({ value }: Invocation): Completion => ({ type: "info", value });

describe("lin-kv", () => {
  test("gives each group of 2n threads its own key", () => {
    const keys = new Map<number, Set<unknown>>([
      [0, new Set()],
      [1, new Set()],
      [2, new Set()],
    ]);
    for (const operation of run({ nodeCount: 2, concurrency: 12 })) {
      keys.get(Math.floor(threadOf(operation, 12) / 4))?.add(keyOf(operation));
    }
    const [first = [], second = [], third = []] = [...keys.values()].map((group) => [...group]);
    expect([first, second, third].map(({ length }) => length)).toEqual([1, 1, 1]);
    expect([...first, ...second, ...third].toSorted()).toEqual([0, 1, 2]);
  });

  test("reads with the first n threads only, which do nothing else", () => {
    const operations = run({ nodeCount: 2, concurrency: 8 });
    const readers = operations.filter(({ f }) => f === "read").map((one) => threadOf(one, 8));
    const writers = operations.filter(({ f }) => f !== "read").map((one) => threadOf(one, 8));
    expect(new Set(readers)).toEqual(new Set([0, 1]));
    expect(new Set(writers)).toEqual(new Set([2, 3, 4, 5, 6, 7]));
  });

  test("emits twice as many compare-and-sets as writes", () => {
    const changes = run({ count: 20_000 }).filter(({ f }) => f !== "read");
    expect(Math.abs(partOf(changes, ({ f }) => f === "cas") - 2 / 3)).toBeLessThan(0.02);
  });

  test("writes values from 0 to 4, and compares with values from 0 to 4", () => {
    const operations = run();
    const written = operations.filter(({ f }) => f === "write").map(argumentOf);
    const compared = operations.filter(({ f }) => f === "cas").flatMap(argumentOf);
    expect(new Set(written)).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(new Set(compared)).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  test("keeps a key as long as all outcomes are known", () => {
    expect(new Set(run({ count: 10_000 }).map(keyOf))).toEqual(new Set([0]));
  });

  test("uses a fresh key once more than 20 processes may have accessed the last one", () => {
    const operations = run({ complete: unknown });
    const processes = Map.groupBy(operations, keyOf)
      .values()
      .map((ofKey) => new Set(ofKey.map(({ process }) => process)).size)
      .toArray();
    expect(processes.length).toBeGreaterThan(100);
    expect(Math.max(...processes)).toBeLessThanOrEqual(20);
    // The last key has not been used up.
    expect(Math.min(...processes.slice(0, -1))).toBeGreaterThanOrEqual(19);
  });

  test.each([
    [2, 2],
    [2, 6],
    [3, 4],
  ])("with %i nodes refuses %i clients", (nodeCount, concurrency) => {
    expect(() => run({ nodeCount, concurrency })).toThrow("multiple of twice the number of nodes");
  });

  test("refuses more than 10 nodes, which would need a fresh key for every operation", () => {
    expect(() => run({ nodeCount: 11 })).toThrow("10 nodes");
    expect(run({ nodeCount: 10, count: 100 })).toHaveLength(100);
  });

  test.each([
    [0, 1000],
    [100, 1000],
    [150, 1500],
  ])("with a latency of %i ms waits %i ms for a reply", (meanMs, timeoutMs) => {
    const latency = { meanMs, distribution: "constant" } as const;
    const workload = makeWorkload("lin-kv", { concurrency: 2, latency });
    const { completions, tookMs } = converse(workload, [asked("write", [0, 1])], () => undefined);
    expect(completions).toMatchObject([{ type: "info", error: "net-timeout" }]);
    expect(tookMs).toBe(timeoutMs);
  });
});
