import { describe, expect, test } from "bun:test";
import {
  checkConvergence,
  keysOf,
  type Replica,
} from "../../../../../lib/workbench/checkers/convergence/index.ts";
import { history, info, invoke, whole } from "../../../../support/histories/history.ts";

const holds = (node: string, ...registers: [key: number, value: number][]): Replica => ({
  node,
  registers: new Map(registers),
});
const writes = (process: number, key: number, value: number) =>
  whole(process, "txn", [["w", key, value]]);
const reads = (process: number, key: number, value: number | null) =>
  whole(process, "txn", [["r", key, null]], [["r", key, value]]);

describe("keysOf", () => {
  test("lists every key that clients read or wrote once, whatever the outcome", () => {
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

  test("is valid if all nodes hold the same", () => {
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

  test("is invalid if a key differs, and names its values, nodes and writers", () => {
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
        sentence: "nodes ended with different values of key 1: 2 on n0, n2; 1 on n1",
        operations: [{ index: 1 }, { index: 3 }],
      },
    ]);
  });

  test("treats a missing register as null", () => {
    const verdict = checkConvergence(twoWrites, [holds("n0", [1, 2], [2, 3]), holds("n1", [1, 2])]);
    expect(verdict.differing).toEqual([{ key: 2, values: { n0: 3, n1: null } }]);
  });

  test("is unknown if a node did not report its state, unless the others differ", () => {
    const silent: Replica = { node: "n2", registers: { error: "No reply" } };
    const reported = [holds("n0", [1, 2]), holds("n1", [1, 2])];
    expect(checkConvergence(twoWrites, [...reported, silent])).toMatchObject({
      valid: "unknown",
      converged: true,
      unreported: { n2: "No reply" },
      explanation: [{ sentence: "n2 did not report its final state: No reply" }],
    });
    const others = [holds("n0", [1, 2]), holds("n1", [1, 1])];
    expect(checkConvergence(twoWrites, [...others, silent]).valid).toBe(false);
  });

  test("describes the first few differences, and counts all", () => {
    const many = Array.from({ length: 20 }, (_, key) => writes(0, key, 1)).flat();
    const verdict = checkConvergence(history(many), [
      holds("n0"),
      holds("n1", ...many.map((_, key): [number, number] => [key, 1])),
    ]);
    expect(verdict.differingCount).toBe(20);
    expect(verdict.explanation).toHaveLength(8);
  });
});
