import { describe, expect, test } from "bun:test";
import type { Json } from "../../../../lib/vortex/index.ts";
import { checkEcho } from "../../../../lib/workbench/checkers/echo.ts";
import { fail, history, info, invoke, whole } from "../../../support/histories/history.ts";

const echo = (sent: Json, received: Json) =>
  whole(0, "echo", sent, { type: "echo_ok", in_reply_to: 1, echo: received });

describe("checkEcho", () => {
  test("accepts the value that was sent, whatever else the reply holds", () => {
    expect(checkEcho(history(echo("a", "a"), echo({ a: [1] }, { a: [1] })))).toMatchObject({
      valid: true,
      errorCount: 0,
    });
  });

  test("flags an echo of another value, and names both", () => {
    const verdict = checkEcho(history(echo("a", "a"), echo("b", "B")));
    expect(verdict).toMatchObject({ valid: false, errorCount: 1 });
    expect(verdict.explanation?.[0]?.sentence).toBe(
      'process 0\'s echo at 0.003 s sent "b" and received ' +
        '{"type":"echo_ok","in_reply_to":1,"echo":"B"}',
    );
  });

  test("flags a reply without an echo", () => {
    expect(checkEcho(history(whole(0, "echo", "a", { type: "echo_ok" }))).valid).toBe(false);
  });

  test("ignores inherited fields of a reply", () => {
    expect(checkEcho(history(whole(0, "echo", "a", {}))).valid).toBe(false);
  });

  test("flags an echo that failed", () => {
    expect(checkEcho(history(invoke(0, "echo", "a"), fail(0)))).toMatchObject({ errorCount: 1 });
  });

  test("accepts a missing echo of null", () => {
    const failed = history(invoke(0, "echo", null), fail(0), whole(0, "echo", null, {}));
    expect(checkEcho(failed).valid).toBe(true);
  });

  test("skips echoes that timed out or never completed", () => {
    const open = history(invoke(0, "echo", "a"), info(0), invoke(1, "echo", "b"));
    expect(checkEcho(open)).toMatchObject({ valid: true, errorCount: 0 });
  });
});
