import { describe, expect, test } from "bun:test";
import {
  differenceOf,
  otherTransactionsOf,
} from "../../../../lib/workbench/diagnostics/other-transaction.ts";
import { history, whole } from "../../../support/histories/history.ts";

const ASKED = [
  ["r", 1, null],
  ["w", 2, 3],
];

describe("differenceOf", () => {
  test("accepts the values of reads", () => {
    expect(
      differenceOf(ASKED, [
        ["r", 1, 7],
        ["w", 2, 3],
      ]),
    ).toBeUndefined();
  });

  test.each([
    [[["r", 1, 7]], "the transaction has 2 operations, but the answer has 1 operation"],
    [[], "the transaction has 2 operations, but the answer has 0 operations"],
    [null, "the transaction has 2 operations, but the answer has 0 operations"],
    [
      [
        ["r", 1, 7],
        ["w", 2, 4],
      ],
      'operation 2 of the transaction is ["w",2,3], but ["w",2,4] in the',
    ],
    [
      [
        ["r", 1, 7],
        ["w", "2", 3],
      ],
      'operation 2 of the transaction is ["w",2,3], but ["w","2",3]',
    ],
    [
      [
        ["append", 1, 7],
        ["w", 2, 3],
      ],
      'operation 1 of the transaction is ["r",1,null], but ["app',
    ],
    [
      [
        ["w", 2, 3],
        ["r", 1, 7],
      ],
      'operation 1 of the transaction is ["r",1,null], but ["w",2,3]',
    ],
  ])("describes the answer %j", (answered, description) => {
    expect(differenceOf(ASKED, answered)).toStartWith(description);
  });

  test("survives an answer that is nested deeper than the stack", () => {
    let deep: unknown[] = [];
    for (let level = 0; level < 1e6; level++) deep = [deep];
    // Forced: the compiler cannot see that this is JSON.
    const answered = [
      ["r", deep as [], null],
      ["w", 2, 3],
    ];
    expect(differenceOf(ASKED, answered)).toBe("the answer is nested too deep to compare");
  });
});

describe("otherTransactionsOf", () => {
  test("counts the answers to other transactions in a history, with the first", () => {
    const same = whole(0, "txn", [["r", 1, null]], [["r", 1, 5]]);
    const fewer = whole(0, "txn", [["r", 1, null]], []);
    expect(otherTransactionsOf(history(same))).toBeUndefined();
    expect(otherTransactionsOf(history(same, fewer, fewer))).toEqual({
      count: 2,
      index: 3,
      reason: "the transaction has 1 operation, but the answer has 0 operations",
    });
  });
});
