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

/** What the nemesis did, as it stands at the end of what it did. */
const did = (f: string, value: { readonly [node: string]: string }): Entry => ({
  type: "info",
  process: "nemesis",
  f,
  value,
});
const kill = did("start-kill", { n0: "killed" });
const restart = did("stop-kill", { n0: "started" });
const ask = (process: number, f = "echo", node = "n0"): Entry => ({ ...invoke(process, f), node });

function judge(...entries: readonly Entry[]) {
  const operations = history(entries);
  const workload = { ...checkEcho(operations), valid: false } as const;
  return mergeVerdicts(operations, { workload, stats: checkStats(operations) });
}

describe("mergeVerdicts", () => {
  test("takes a test for unknown in which every operation met a dead node, and tells so", () => {
    const { valid, unanswered } = judge(kill, ask(0), ask(1), info(0), info(1), restart);
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
    ["its node was dead only when it began", [kill, ask(0), restart, info(0)]],
    ["its node died before it could answer", [ask(0), kill, restart, info(0)]],
    ["its node was paused", [did("start-pause", { n0: "paused" }), ask(0), info(0)]],
    [
      "its node was paused, and killed and started meanwhile",
      [did("start-pause", { n0: "paused" }), kill, restart, ask(0), info(0)],
    ],
    ["it never ended", [kill, ask(0)]],
  ])("excuses an operation without an answer if %s", (_, entries) => {
    expect(judge(...entries).valid).toBe("unknown");
  });

  test.each([
    ["no node was down", [ask(0), info(0)]],
    ["its node had come back", [kill, restart, ask(0), info(0)]],
    ["its node died only later", [ask(0), info(0), kill]],
    ["another node was down", [kill, ask(0, "echo", "n1"), info(0)]],
    ["its node answered it with an error", [kill, restart, ask(0), fail(0), kill]],
    ["only some met a dead node", [kill, ask(0), info(0), restart, ask(4), info(4)]],
    ["the others were wrong", [kill, ask(0), info(0), restart, ask(4), ok(4)]],
  ])("excuses nothing if %s", (_, entries) => {
    const { valid, unanswered } = judge(...entries);
    expect([valid, unanswered]).toEqual([false, undefined]);
  });

  test("excuses no verdict on operations that were ok beside those that nobody could answer", () => {
    const entries = [kill, ask(0, "add"), info(0), restart, ask(4, "read"), ok(4)];
    const { valid, unanswered } = judge(...entries);
    expect(valid).toBe(false);
    expect(unanswered?.counts).toEqual({ add: 1 });
  });

  test("excuses no divergence of nodes, and nothing that was never ok for another reason", () => {
    const operations = history([kill, ask(0), info(0)]);
    const stats = checkStats(operations);
    const convergence = { valid: false } as const;
    expect(mergeVerdicts(operations, { stats, convergence }).valid).toBe(false);
    expect(judge(kill, ask(0), info(0), restart, ask(4, "read"), fail(4)).valid).toBe(false);
  });

  test("takes no part in a test without operations", () => {
    expect(mergeVerdicts(history([kill]), { stats: checkStats(history()) })).toEqual({
      valid: true,
    });
  });
});
