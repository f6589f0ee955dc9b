import { describe, expect, test } from "bun:test";
import { checkEcho } from "../../../../../lib/workbench/checkers/echo.ts";
import { checkStats } from "../../../../../lib/workbench/checkers/every-test/stats.ts";
import { mergeVerdicts } from "../../../../../lib/workbench/checkers/every-test/unanswered.ts";
import {
  type Entry,
  fail,
  history,
  info,
  invoke,
  ok,
} from "../../../../support/histories/history.ts";

/** The completion of a nemesis operation. */
const did = (f: string, value: { readonly [node: string]: string }): Entry => ({
  type: "info",
  process: "nemesis",
  f,
  value,
});
const kill = did("start-kill", { n0: "killed" });
const restart = did("stop-kill", { n0: "started" });
const ask = (process: number, f = "echo", node = "n0"): Entry => ({ ...invoke(process, f), node });

function merge(...entries: readonly Entry[]) {
  const operations = history(entries);
  const workload = { ...checkEcho(operations), valid: false } as const;
  return mergeVerdicts(operations, { workload, stats: checkStats(operations) });
}

describe("mergeVerdicts", () => {
  test("is unknown if every operation was sent to a node that was down, and says so", () => {
    const { valid, unanswered } = merge(kill, ask(0), ask(1), info(0), info(1), restart);
    expect(valid).toBe("unknown");
    expect(unanswered).toMatchObject({
      counts: { echo: 2 },
      explanation: [
        {
          anomaly: "unanswered",
          sentence:
            "2 echo operations could not be answered because their nodes were killed or paused; the result is inconclusive",
        },
      ],
    });
  });

  test.each([
    ["its node was down only at its invocation", [kill, ask(0), restart, info(0)]],
    ["its node was killed before it answered", [ask(0), kill, restart, info(0)]],
    ["its node was paused", [did("start-pause", { n0: "paused" }), ask(0), info(0)]],
    [
      "its node was paused, and killed and started meanwhile",
      [did("start-pause", { n0: "paused" }), kill, restart, ask(0), info(0)],
    ],
    ["it never ended", [kill, ask(0)]],
  ])("excuses an operation without an answer if %s", (_, entries) => {
    expect(merge(...entries).valid).toBe("unknown");
  });

  test.each([
    ["no node was down", [ask(0), info(0)]],
    ["its node had restarted", [kill, restart, ask(0), info(0)]],
    ["its node was killed later", [ask(0), info(0), kill]],
    ["another node was down", [kill, ask(0, "echo", "n1"), info(0)]],
    ["its node replied with an error", [kill, restart, ask(0), fail(0), kill]],
    ["only some nodes were down", [kill, ask(0), info(0), restart, ask(4), info(4)]],
    ["the others were wrong", [kill, ask(0), info(0), restart, ask(4), ok(4)]],
  ])("excuses nothing if %s", (_, entries) => {
    const { valid, unanswered } = merge(...entries);
    expect([valid, unanswered]).toEqual([false, undefined]);
  });

  test("does not excuse the verdict on operations that were ok beside unanswered ones", () => {
    const entries = [kill, ask(0, "add"), info(0), restart, ask(4, "read"), ok(4)];
    const { valid, unanswered } = merge(...entries);
    expect(valid).toBe(false);
    expect(unanswered?.counts).toEqual({ add: 1 });
  });

  test("does not excuse divergence, or an f that was never ok for another reason", () => {
    const operations = history([kill, ask(0), info(0)]);
    const stats = checkStats(operations);
    const convergence = { valid: false } as const;
    expect(mergeVerdicts(operations, { stats, convergence }).valid).toBe(false);
    expect(merge(kill, ask(0), info(0), restart, ask(4, "read"), fail(4)).valid).toBe(false);
  });

  test("leaves a test without operations valid", () => {
    expect(mergeVerdicts(history([kill]), { stats: checkStats(history()) })).toEqual({
      valid: true,
    });
  });
});
