import { describe, expect, test } from "bun:test";
import {
  checkConvergence,
  keysOf,
  type Replica,
} from "../../../../../lib/workbench/checkers/convergence/index.ts";
import { at, history, info, invoke, ok, whole } from "../../../../support/histories/history.ts";

const holds = (node: string, ...registers: [key: number, value: number][]): Replica => ({
  node,
  registers: new Map(registers),
});
const writes = (process: number, key: number, value: number) =>
  whole(process, "txn", [["w", key, value]]);
const reads = (process: number, key: number, value: number | null) =>
  whole(process, "txn", [["r", key, null]], [["r", key, value]]);

describe("keysOf", () => {
  test("finds every key once that clients read or wrote, whatever came of it", () => {
    const keys = keysOf(
      history(
        writes(0, 3, 1),
        reads(1, 5, null),
        invoke(2, "txn", [
          ["w", 3, 2],
          ["r", 8, null],
        ]),
        info(2),
      ),
    );
    expect(keys).toEqual([3, 5, 8]);
  });
});

describe("checkConvergence", () => {
  const twoWrites = history(writes(0, 1, 1), writes(1, 1, 2), writes(0, 2, 3));

  test("is valid when all nodes hold the same", () => {
    const same = [holds("n0", [1, 2], [2, 3]), holds("n1", [1, 2], [2, 3])];
    expect(checkConvergence(twoWrites, same)).toMatchObject({
      valid: true,
      converged: true,
      keyCount: 2,
      differingCount: 0,
      differing: [],
      explanation: [],
    });
  });

  test("is invalid when a key differs, and says who holds what, and who wrote it", () => {
    const different = [
      holds("n0", [1, 2], [2, 3]),
      holds("n1", [1, 1], [2, 3]),
      holds("n2", [1, 2], [2, 3]),
    ];
    const verdict = checkConvergence(twoWrites, different);
    expect(verdict).toMatchObject({ valid: false, converged: false, differingCount: 1 });
    expect(verdict.differing).toEqual([{ key: 1, values: { n0: 2, n1: 1, n2: 2 } }]);
    expect(verdict.explanation).toMatchObject([
      {
        anomaly: "divergence",
        sentence: "In the end key 1 is 2 on n0, n2, but 1 on n1",
        operations: [{ index: 1 }, { index: 3 }],
      },
    ]);
  });

  test("takes a register that is missing for null", () => {
    const verdict = checkConvergence(twoWrites, [holds("n0", [1, 2], [2, 3]), holds("n1", [1, 2])]);
    expect(verdict.differing).toEqual([{ key: 2, values: { n0: 3, n1: null } }]);
  });

  test("is unknown when a node did not tell, unless the others differ", () => {
    const silent: Replica = { node: "n2", registers: { error: "No reply" } };
    const told = [holds("n0", [1, 2]), holds("n1", [1, 2])];
    expect(checkConvergence(twoWrites, [...told, silent])).toMatchObject({
      valid: "unknown",
      converged: true,
      unreported: { n2: "No reply" },
      explanation: [{ sentence: "n2 did not report its final state: No reply" }],
    });
    const others = [holds("n0", [1, 2]), holds("n1", [1, 1])];
    expect(checkConvergence(twoWrites, [...others, silent]).valid).toBe(false);
  });

  test("tells a few of many differences, and counts all", () => {
    const many = Array.from({ length: 20 }, (_, key) => writes(0, key, 1)).flat();
    const verdict = checkConvergence(history(many), [
      holds("n0"),
      holds("n1", ...many.map((_, key): [number, number] => [key, 1])),
    ]);
    expect(verdict.differingCount).toBe(20);
    expect(verdict.explanation).toHaveLength(8);
  });
});

describe("staleness", () => {
  /** Key 1 is written at 0 to 10 ms and at 20 to 30 ms, and then read, beginning at 100 ms. */
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

  test("is the time since a later write had been acknowledged than the one that was read", () => {
    expect(read(1, 2)).toMatchObject({ count: 1, staleCount: 1, "1": 70 });
  });

  test("of a read of nothing is the time since the first write was acknowledged", () => {
    expect(read(null, 2)).toMatchObject({ staleCount: 1, "1": 90 });
  });

  test("is 0 for the last value", () => {
    expect(read(2, 2)).toMatchObject({ count: 1, staleCount: 0, "1": 0 });
  });

  test("is 0 for what the nodes agree on in the end, whatever was written later", () => {
    expect(read(1, 1)).toMatchObject({ staleCount: 0 });
  });

  test("does not count from a write that was never acknowledged", () => {
    expect(read(1, 2, info(0))).toMatchObject({ staleCount: 0 });
  });

  test("does not take a write for later that began before the other ended", () => {
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

  test("leaves out reads of what the transaction itself wrote, and is absent without reads", () => {
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
