import { describe, expect, test } from "bun:test";
import { checkExceptions } from "../../../../../lib/workbench/checkers/every-test/exceptions.ts";
import { history, info, invoke } from "../../../../support/histories/history.ts";

const thrown = (process: number, name: string) => [
  invoke(process, "read"),
  { ...info(process), exception: { class: name, message: "no such thing" } },
];

describe("checkExceptions", () => {
  test("counts the exceptions of each class, the most frequent first, with its first operation", () => {
    const operations = history(
      thrown(0, "Timeout"),
      thrown(1, "Malformed"),
      thrown(2, "Malformed"),
    );
    expect(checkExceptions(operations)).toMatchObject({
      valid: true,
      exceptions: [
        { class: "Malformed", count: 2, example: operations[3] },
        { class: "Timeout", count: 1, example: operations[1] },
      ],
    } as never);
  });

  test("describes the first operation of each class", () => {
    const operations = history(thrown(0, "Malformed"), thrown(1, "Malformed"));
    expect(checkExceptions(operations).explanation).toEqual([
      {
        anomaly: "Malformed",
        sentence: "ended 2 operations, first process 0's read at 0.002 s: no such thing",
        operations: operations.slice(1, 2),
      },
    ]);
  });

  test("reports nothing for operations that ended with protocol errors", () => {
    expect(checkExceptions(history(invoke(0, "write"), info(0)))).toEqual({ valid: true });
  });
});
