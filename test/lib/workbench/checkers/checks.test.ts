import { describe, expect, test } from "bun:test";
import {
  allOf,
  bankTotals,
  counter,
  invariant,
  log,
  setFull,
  transactions,
} from "../../../../lib/workbench/checkers/checks.ts";
import { linearizable } from "../../../../lib/workbench/checkers/linearizable/index.ts";
import { bank } from "../../../../lib/workbench/checkers/models/index.ts";
import { final, history, invoke, ok, whole } from "../../../support/histories/history.ts";

const renamed =
  (names: { readonly [f: string]: string }) =>
  <O extends { readonly f: string }>(operation: O): O => ({
    ...operation,
    f: names[operation.f] ?? operation.f,
  });

describe("setFull", () => {
  test("checks operations of other names, and names the original ones", () => {
    const check = setFull({ map: renamed({ insert: "add", list: "read" }) });
    const operations = history(
      whole(0, "insert", 1, "ok"),
      whole(0, "insert", 2, "ok"),
      whole(1, "list", null, [1]),
    );
    const verdict = check(operations, {});
    expect(verdict).toMatchObject({ valid: false, lost: [2], stableCount: 1 });
    const named = verdict.explanation?.flatMap((finding) => finding.operations) ?? [];
    expect(named.length).toBeGreaterThan(0);
    for (const operation of named) expect(operations).toContain(operation);
  });

  test("checks the history as it is without a mapping", () => {
    const operations = history(whole(0, "add", 1), whole(1, "read", null, [1]));
    expect(setFull()(operations, {}).valid).toBe(true);
  });
});

describe("counter", () => {
  test("checks final reads, as marked by the mapping", () => {
    const check = counter({
      map: (operation) => ({
        ...renamed({ increment: "add", value: "read" })(operation),
        final: operation.process === 9,
      }),
    });
    const sum = (read: number) =>
      check(
        history(
          whole(0, "increment", 2),
          whole(1, "value", null, 7),
          whole(9, "value", null, read),
        ),
        {},
      );
    expect(sum(2).valid).toBe(true);
    expect(sum(3)).toMatchObject({ valid: false, errorCount: 1 });
  });
});

describe("log", () => {
  test("finds an acknowledged message that polls skip", () => {
    const send = (message: number, offset: number) =>
      whole(0, "publish", message, [offset, message]);
    const check = log({
      map: ({ f, type, value, result }) =>
        f === "publish"
          ? {
              f: "send",
              type,
              value: [["send", "k", value]],
              result: result === undefined ? result : [["send", "k", result]],
            }
          : {
              f: "poll",
              type,
              value: [["poll"]],
              result: result === undefined ? result : [["poll", { k: result }]],
            },
    });
    const verdict = check(
      history(
        send(10, 0),
        send(11, 1),
        send(12, 2),
        whole(1, "fetch", null, [
          [0, 10],
          [2, 12],
        ]),
      ),
      {},
    );
    expect(verdict.valid).toBe(false);
    expect(verdict.errorTypes).toContain("int-poll-skip");
  });
});

describe("transactions", () => {
  const stale = history(
    whole(0, "tx", [["append", "x", 1]]),
    whole(1, "tx", [["r", "x", null]], [["r", "x", []]]),
    whole(1, "tx", [["r", "x", null]], [["r", "x", [1]]]),
  );

  test("checks lists under the consistency models given", () => {
    const under = (model: string) =>
      transactions({ over: "lists", consistencyModels: [model], map: renamed({ tx: "txn" }) })(
        stale,
        {},
      );
    expect(under("serializable").valid).toBe(true);
    expect(under("strict-serializable").valid).toBe(false);
  });

  test("checks registers", () => {
    const check = transactions({ over: "registers", consistencyModels: ["read-committed"] });
    const aborted = [invoke(0, "txn", [["w", "x", 1]]), { type: "fail" as const, process: 0 }];
    const operations = history(aborted, whole(1, "txn", [["r", "x", null]], [["r", "x", 1]]));
    expect(check(operations, {}).valid).toBe(false);
  });
});

describe("bankTotals", () => {
  const read = (balances: { readonly [account: string]: number }) =>
    bankTotals({ total: 10 })(history(whole(0, "read", null, balances)), {});

  test("accepts reads of which the sum is right", () => {
    expect(read({ a: 3, b: 7 })).toMatchObject({ valid: true, errorCount: 0 });
  });

  test("flags a wrong sum, a negative balance, and what is not a balance", () => {
    expect(read({ a: 3, b: 8 }).explanation?.[0]).toMatchObject({
      anomaly: "wrong-total",
      sentence:
        'process 0\'s read at 0.002 s returned {"a":3,"b":8}, of which the sum is 11 instead of 10',
      operations: [{ index: 1 }],
    });
    expect(read({ a: -1, b: 11 }).explanation?.[0]?.anomaly).toBe("negative-balance");
    expect(read({}).explanation?.[0]?.anomaly).toBe("not-balances");
    const overdrawn = bankTotals({ total: 10, overdraft: true });
    expect(overdrawn(history(whole(0, "read", null, { a: -1, b: 11 })), {}).valid).toBe(true);
  });
});

describe("invariant", () => {
  test("is valid without findings, and bounds those of each anomaly", () => {
    const check = invariant((operations) =>
      operations
        .filter(({ type, value }) => type === "ok" && value === 1)
        .map((operation) => ({ anomaly: "one", sentence: "it is one", operations: [operation] })),
    );
    expect(check(history(whole(0, "write", 2)), {})).toMatchObject({
      valid: true,
      explanation: [],
    });
    const many = check(history(...Array.from({ length: 20 }, () => whole(0, "write", 1))), {});
    expect(many).toMatchObject({ valid: false, errorCount: 20 });
    expect(many.explanation?.length).toBe(8);
    expect(many.explanation?.at(-1)?.moreCount).toBe(12);
  });
});

describe("allOf", () => {
  const balances = { a: 5, b: 5 };
  const check = allOf({
    totals: bankTotals({ total: 10 }),
    order: linearizable(bank({ balances })),
  });

  test("is as valid as the least valid part, with the findings of all", () => {
    const transfer = whole(0, "transfer", { from: "a", to: "b", amount: 1 });
    const read = (result: { readonly [account: string]: number }) => whole(1, "read", null, result);
    expect(check(history(transfer, read({ a: 4, b: 6 })), {}).valid).toBe(true);
    const stale = check(history(transfer, read({ a: 5, b: 5 })), {});
    expect(stale).toMatchObject({ valid: false, totals: { valid: true }, order: { valid: false } });
    const wrong = check(history(transfer, read({ a: 4, b: 7 })), {});
    expect(wrong.explanation?.map(({ anomaly }) => anomaly)).toEqual([
      "wrong-total",
      "nonlinearizable",
    ]);
  });

  test("runs a part of any name but those of the verdict's own fields", () => {
    const wrong = invariant(() => [{ anomaly: "wrong", sentence: "it is wrong" }]);
    const verdict = allOf(Object.fromEntries([["__proto__", wrong]]))([], {});
    expect(verdict.valid).toBe(false);
    expect(verdict.explanation).toHaveLength(1);
    expect(() => allOf({ explanation: wrong })).toThrow(
      'Cannot name a part of allOf "explanation"',
    );
  });

  test("is unknown, with the reason, if a part throws", () => {
    const verdict = check(history(final(...whole(0, "withdraw", 1))), {});
    expect(verdict.valid).toBe("unknown");
    expect(verdict.explanation?.[0]?.sentence).toStartWith(
      'order could not check it: The model has no operation "withdraw"',
    );
  });
});

test("a mapping cannot let an operation happen that never ended", () => {
  const check = setFull({ map: (operation) => ({ ...operation, type: "ok" }) });
  expect(() => check(history(invoke(0, "add", 1)), {})).toThrow("which never ended");
  expect(() => check(history(invoke(0, "add", 1), ok(0)), {})).not.toThrow();
});
