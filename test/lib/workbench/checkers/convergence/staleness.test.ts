import { describe, expect, test } from "bun:test";
import {
  checkConvergence,
  type Replica,
} from "../../../../../lib/workbench/checkers/convergence/index.ts";
import { at, history, info, invoke, ok, whole } from "../../../../support/histories/history.ts";

const holds = (node: string, ...registers: [key: number, value: number][]): Replica => ({
  node,
  registers: new Map(registers),
});

describe("staleness", () => {
  /** Key 1 is written from 0 to 10 ms and from 20 to 30 ms, and read from 100 ms. */
  const read = (shown: number | null, final: number, second = ok(0)) => {
    const operations = history(
      at(0, invoke(0, "txn", [["w", 1, 1]])),
      at(10, ok(0)),
      at(20, invoke(0, "txn", [["w", 1, 2]])),
      at(30, second),
      at(100, invoke(1, "txn", [["r", 1, null]])),
      at(110, ok(1, [["r", 1, shown]])),
    );
    return checkConvergence(operations, [holds("n0", [1, final])]).staleness;
  };

  test("is the time since the first later write was acknowledged", () => {
    expect(read(1, 2)).toMatchObject({ count: 1, staleCount: 1, "1": 70 });
  });

  test("of a read of null is the time since the first write was acknowledged", () => {
    expect(read(null, 2)).toMatchObject({ staleCount: 1, "1": 90 });
  });

  test("is 0 for the last value", () => {
    expect(read(2, 2)).toMatchObject({ count: 1, staleCount: 0, "1": 0 });
  });

  test("is 0 for the value that all nodes end with, whatever was written later", () => {
    expect(read(1, 1)).toMatchObject({ staleCount: 0 });
  });

  test("ignores later writes that were never acknowledged", () => {
    expect(read(1, 2, info(0))).toMatchObject({ staleCount: 0 });
  });

  test("ignores writes that were concurrent with the one that was read", () => {
    const overlapping = history(
      at(0, invoke(0, "txn", [["w", 1, 1]])),
      at(5, invoke(1, "txn", [["w", 1, 2]])),
      at(10, ok(0)),
      at(15, ok(1)),
      at(100, invoke(2, "txn", [["r", 1, null]])),
      at(110, ok(2, [["r", 1, 1]])),
    );
    expect(checkConvergence(overlapping, [holds("n0", [1, 2])]).staleness?.staleCount).toBe(0);
  });

  test("skips reads of keys that the transaction itself wrote, and is absent without reads", () => {
    const own = whole(
      0,
      "txn",
      [
        ["w", 1, 1],
        ["r", 1, null],
      ],
      [
        ["w", 1, 1],
        ["r", 1, 1],
      ],
    );
    expect(checkConvergence(history(own), [holds("n0", [1, 1])])).not.toHaveProperty("staleness");
  });
});
