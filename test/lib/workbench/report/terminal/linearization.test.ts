import { describe, expect, test } from "bun:test";
import type { LinearizationAttempt } from "../../../../../lib/workbench/checkers/checker.ts";
import { sentencesOf } from "../../../../../lib/workbench/report/terminal/findings.ts";
import { linearizationLines } from "../../../../../lib/workbench/report/terminal/linearization.ts";
import { staleRead } from "../../../../support/report/stale-read.ts";

/** An attempt with an order of as many writes, after which a read is refused. */
function attemptOf(writeCount: number, fields: Partial<LinearizationAttempt> = {}) {
  const bar = (index: number, label: string) => ({
    invocation: 2 * index,
    completion: 2 * index + 1,
    process: index,
    start: index,
    end: index + 1,
    label,
  });
  const writes = Array.from({ length: writeCount }, (_, index) => index);
  return {
    operations: [...writes.map((index) => bar(index, `write ${index}`)), bar(writeCount, "read")],
    omittedCount: 0,
    partials: [
      {
        initialState: "null",
        steps: writes.map((index) => ({ operation: index, state: `${index}` })),
        refused: [writeCount],
      },
    ],
    stuck: writeCount,
    unplaced: [writeCount],
    ...fields,
  };
}

describe("linearizationLines", () => {
  test("list the longest order with its states, what is refused in which state, and what has no place", () => {
    const { finding } = staleRead();
    expect(sentencesOf([{ ...finding, moreCount: 2 }])).toEqual([
      "nonlinearizable: key 0: process 3's read returned 1",
      "  longest order (40 earlier operations left out): state 7; write 1, state 1; write 2, state 2; write 3, state 3",
      "  refused in state 3: process 3's read: 1",
      "  refused in state 2: process 3's read: 1",
      "  without a place in any order: process 3's read: 1",
      "nonlinearizable: and 2 more",
    ]);
  });

  test("show the last steps of a long order", () => {
    expect(linearizationLines(attemptOf(50))[0]).toBe(
      "  longest order (44 earlier operations left out): state 43; write 44, state 44; write 45, state 45; " +
        "write 46, state 46; write 47, state 47; write 48, state 48; write 49, state 49",
    );
  });

  test("show fewer steps if they are long, but the last two anyway", () => {
    const { partials, ...rest } = attemptOf(5);
    const long = partials.map((partial) => ({
      ...partial,
      steps: partial.steps.map((step) => ({
        ...step,
        state: "x".repeat(100 + 30 * step.operation),
      })),
    }));
    const [line = ""] = linearizationLines({ ...rest, partials: long });
    expect(line).toStartWith("  longest order (3 earlier operations left out): state xxx");
    expect(line).toContain("; write 3, state xxx");
  });

  test("say so if no operation can come first", () => {
    expect(linearizationLines(attemptOf(0))).toEqual([
      "  longest order: state null",
      "  refused in state null: process 0's read",
      "  without a place in any order: process 0's read",
    ]);
  });

  test("count further states and operations", () => {
    const ends = Array.from({ length: 6 }, (_, end) => ({
      initialState: `${end}`,
      steps: [],
      refused: [1, 2, 3, 4, 5, 6],
    }));
    const lines = linearizationLines(attemptOf(9, { partials: ends, unplaced: [] }));
    expect(lines).toHaveLength(5);
    expect(lines[1]).toEndWith(
      ": process 1's write 1, process 2's write 2, process 3's write 3, process 4's write 4, and 2 more",
    );
    expect(lines.at(-1)).toBe("  refused in 3 other states too");
  });

  test("keep a label on its line, and escape control characters", () => {
    const { operations, ...rest } = attemptOf(0);
    const odd = operations.map((bar) => ({ ...bar, label: "read\n\u001b[2J" }));
    expect(linearizationLines({ ...rest, operations: odd }).at(-1)).toBe(
      "  without a place in any order: process 0's read \\x1b[2J",
    );
  });
});
