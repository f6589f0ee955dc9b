import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { independent } from "../../../../../lib/workbench/checkers/linearizable/index.ts";
import { partsOf } from "../../../../../lib/workbench/checkers/linearizable/parts.ts";
import { linearize } from "../../../../../lib/workbench/checkers/register/linearize.ts";
import {
  type RegisterOperation,
  registerPart,
} from "../../../../../lib/workbench/checkers/register/register-operation.ts";
import type { History } from "../../../../../lib/workbench/history/history.ts";
import { history, invoke, whole } from "../../../../support/histories/history.ts";
import { registerHistories } from "../../../../support/histories/register-histories.ts";
import { registerHistory } from "../../../../support/histories/register-model.ts";
import { isLinearizable } from "../../../../support/oracles/register.ts";

/** The operations of the only key. A read of `null` may have been of anything. */
function operationsOf(history: History): readonly RegisterOperation[] {
  const model = { map: independent, init: null, step: () => undefined };
  const [part] = partsOf(history, model, undefined);
  if (part === undefined) return [];
  const found = registerPart({ part, initial: null }, ({ f, value, result = null }) => {
    if (f === "read") return result === null ? {} : { from: result };
    if (f === "write") return { to: value };
    const [from = null, to = null] = Array.isArray(value) ? value : [];
    return { from, to };
  });
  return found?.operations() ?? [];
}

const ample = { width: 1000, steps: 1e6 };

describe("linearize", () => {
  test("returns the operation without a place, the open ones, and the register's values", () => {
    const operations = operationsOf(
      history(
        whole(0, "write", [0, "a"]),
        invoke(1, "cas", [0, ["b", "c"]]),
        whole(2, "read", [0, null], [0, "c"]),
      ),
    );
    expect(linearize(operations, ample)).toMatchObject({
      linearizable: false,
      stuck: operations[2],
      open: [operations[1]],
      values: [1],
    });
  });

  test("is unknown if it exceeds its steps", () => {
    const shape = { operations: 200, concurrency: 10, keys: 1, values: 3, indefinite: 0.2 };
    const operations = operationsOf(registerHistory({ seed: 1, ...shape }));
    expect(linearize(operations, { width: 1000, steps: 50 }).linearizable).toBe("unknown");
  });

  test("stops soon after it exceeds its steps", () => {
    const shape = { operations: 300, concurrency: 10, keys: 1, values: 5, indefinite: 0.2 };
    const operations = operationsOf(registerHistory({ seed: 1, ...shape }));
    const { steps } = linearize(operations, { width: 100_000, steps: 20_000 });
    expect(steps).toBeGreaterThan(20_000);
    expect(steps).toBeLessThan(30_000);
  });

  test("rejects a read of a value that was never written, at any width", () => {
    const shape = { operations: 200, concurrency: 10, keys: 1, values: 5, indefinite: 0.2 };
    const unwritten = [
      ...registerHistory({ seed: 3, ...shape }),
      ...history(whole(9999, "read", [0, null], [0, 7])).map((operation) => ({
        ...operation,
        index: operation.index + 1e6,
      })),
    ];
    expect(linearize(operationsOf(unwritten), { width: 16, steps: 1e6 })).toMatchObject({
      linearizable: false,
    });
  });

  test("is unknown or agrees with a search of every order, at any width", () => {
    const results = new Set<boolean | "unknown">();
    fc.assert(
      fc.property(registerHistories, fc.integer({ min: 1, max: 2 }), (history, width) => {
        const { linearizable } = linearize(operationsOf(history), { width, steps: 1e6 });
        results.add(linearizable);
        if (linearizable !== "unknown") expect(linearizable).toBe(isLinearizable(history));
      }),
      { numRuns: 3000 },
    );
    expect(results.has(true) && results.has(false)).toBe(true);
  });
});
