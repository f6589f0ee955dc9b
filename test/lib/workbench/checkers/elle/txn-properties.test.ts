/** Properties of both transaction checkers. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../../../../lib/vortex/index.ts";
import { shuffle } from "../../../../../lib/vortex/random.ts";
import { checkTxnListAppend } from "../../../../../lib/workbench/checkers/elle/txn-list-append.ts";
import { checkTxnRwRegister } from "../../../../../lib/workbench/checkers/elle/txn-rw-register.ts";
import type { History } from "../../../../../lib/workbench/history/history.ts";
import { randomStream } from "../../../../../lib/workbench/random.ts";
import { type Traffic, transactions } from "../../../../support/histories/transactions.ts";
import { randoms } from "../../../../support/seeds.ts";

const MODELS = [
  "read-uncommitted",
  "read-committed",
  "monotonic-atomic-view",
  "read-atomic",
  "cursor-stability",
  "repeatable-read",
  "snapshot-isolation",
  "serializable",
  "strong-session-serializable",
  "strict-serializable",
];

const traffic = fc.record({
  count: fc.integer({ min: 20, max: 120 }),
  processes: fc.integer({ min: 2, max: 12 }),
  keys: fc.integer({ min: 1, max: 4 }),
  writesPerKey: fc.integer({ min: 2, max: 16 }),
  longest: fc.integer({ min: 1, max: 5 }),
  failures: fc.constantFrom(0, 50, 200),
});

describe.each([
  ["txn-rw-register", checkTxnRwRegister],
  ["txn-list-append", checkTxnListAppend],
] as const)("the checker of %s", (workload, check) => {
  const verdictOf = (history: History, model: string) => {
    const { valid, anomalyTypes, counts, not } = check(history, { consistencyModels: [model] });
    return { valid, anomalyTypes, counts, not };
  };

  test("accepts a single copy of the data under any model", () => {
    fc.assert(
      fc.property(randoms(), traffic, (random, options) => {
        const history = transactions(random, { workload, ...options });
        for (const model of MODELS) {
          const { anomalyTypes } = verdictOf(history, model);
          // By chance no transaction may read what another one wrote.
          expect(anomalyTypes.filter((name) => name !== "empty-transaction-graph")).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ["stale reads", "stale"],
    ["reads that miss all writes of other processes", "nothing"],
  ] as const)("flags %s", (_, reads) => {
    fc.assert(
      fc.property(randoms(), (random) => {
        const options = { count: 2000, processes: 5, keys: 3, writesPerKey: 16, longest: 4 };
        const history = transactions(random, { workload, reads, ...options });
        expect(verdictOf(history, "strict-serializable").valid).toBe(false);
      }),
      { numRuns: 10 },
    );
  });

  test("gives the same verdict after keys and processes are renamed", () => {
    const faulty = fc.constantFrom<NonNullable<Traffic["reads"]>>("current", "stale", "nothing");
    fc.assert(
      fc.property(randoms(), traffic, faulty, (random, options, reads) => {
        const history = transactions(random, { workload, reads, ...options });
        const names = shuffle(random, [...Array(1000).keys()]);
        const rename = (number: Json) => names[number as number] ?? number;
        const renamed = history.map(({ process, value, ...rest }) => ({
          ...rest,
          process: process === "nemesis" ? process : (names[process] ?? process),
          value: (value as Json[][]).map(([f = null, key = null, v = null]) => [f, rename(key), v]),
        }));
        for (const model of [
          "read-committed",
          "strong-session-serializable",
          "strict-serializable",
        ]) {
          expect(verdictOf(renamed, model)).toEqual(verdictOf(history, model));
        }
      }),
      { numRuns: 40 },
    );
  });

  test("finds a history invalid whose cycles are too many to search", () => {
    const history = transactions(randomStream(1, "tangled"), {
      ...{ workload, count: 3000, processes: 100, keys: 50, writesPerKey: 16, longest: 4 },
      reads: "stale",
    });
    expect(verdictOf(history, "strict-serializable").valid).toBe(false);
  });
});
