import { describe, expect, test } from "bun:test";
import {
  describeGroup,
  describeRequestErrors,
} from "../../../../../lib/workbench/report/terminal/request-errors.ts";
import type { RequestErrors } from "../../../../../lib/workbench/run/request-errors.ts";

function group(fields: Partial<RequestErrors> = {}): RequestErrors {
  return { kind: "error", request: "echo", count: 9, nodes: { n0: 9 }, text: "", ...fields };
}

const CRASH = { code: 13, name: "crash" };

describe("describeGroup", () => {
  test.each([
    [
      group({ ...CRASH, text: "TypeError: x\n  is null", location: "throws.ts:6" }),
      "n0 answered 9 × error 13 (crash) to echo: TypeError: x is null, at throws.ts:6",
    ],
    [
      group({ ...CRASH, text: "key 3", isVaried: true, nodes: { n0: 5, n1: 4 } }),
      "n0 (5) and n1 (4) answered 9 × error 13 (crash) to echo: key 3 (the numbers in it vary)",
    ],
    [
      group({ code: 4711, name: "unknown", text: "mine" }),
      "n0 answered 9 × error 4711 to echo: mine",
    ],
    [group({ text: "x" }), "n0 answered 9 × error without an integer code to echo: x"],
    [group({ kind: "timeout", timeoutMs: 5000 }), "n0 did not answer 9 × echo within 5 s"],
    [
      group({ kind: "timeout", timeoutMs: 5000, text: "n0 killed from 0.000 s to 1.301 s" }),
      "n0 did not answer 9 × echo within 5 s; faults at that time: n0 killed from 0.000 s to 1.301 s",
    ],
    [
      group({ kind: "timeout", nodes: { n0: 1, n1: 2, n2: 1, n3: 2, n4: 2, n5: 1 } }),
      "n0 (1), n1 (2), n2 (1), n3 (2) and 2 more nodes did not answer 9 × echo in time",
    ],
    [
      group({ kind: "malformed-reply", text: '"id" is missing' }),
      'n0 answered 9 × malformed reply to echo: "id" is missing',
    ],
    [group({ kind: "exception", text: "?", nodes: {} }), "9 × echo to nodes failed: ?"],
  ])("describes %j", (one, description) => {
    expect(describeGroup(one)).toBe(description);
  });
});

describe("describeRequestErrors", () => {
  const invalid = { workload: "echo", valid: false, okCount: 0 } as const;

  test("is empty without errors", () => {
    expect(describeRequestErrors([], invalid)).toEqual([]);
  });

  test("lists a few groups, and counts the others", () => {
    const groups = Array.from({ length: 9 }, () => group(CRASH));
    const lines = describeRequestErrors(groups, invalid);
    expect(lines).toHaveLength(8);
    expect(lines.at(-1)).toBe("  and 3 other errors, 27 times in all");
  });

  test("asks about the workload if the program handles none of its requests", () => {
    const shared = group({ kind: "malformed-reply", request: "read" });
    const groups = [group({ code: 10, name: "not-supported" }), shared];
    const lines = describeRequestErrors(groups, invalid);
    expect(lines.at(-1)).toContain("handles no request of echo");
    expect(lines.at(-1)).toContain("-w");
  });

  test("explains requests that were never answered, with what the node logged", () => {
    const timeout = group({ kind: "timeout", timeoutMs: 5000, lastLog: ["KeyError: 'ecko'"] });
    expect(describeRequestErrors([timeout], invalid)).toEqual([
      "Errors:",
      "  n0 did not answer 9 × echo within 5 s",
      "    The last lines of the stderr of n0:",
      "      KeyError: 'ecko'",
      expect.stringContaining("No echo was ever answered. A handler must reply to every request"),
    ]);
  });

  test("names nodes whose output was ignored instead of advice on handlers", () => {
    const timeout = group({ kind: "timeout", timeoutMs: 5000 });
    const lines = describeRequestErrors([timeout], { ...invalid, ignoredNodes: ["n0"] });
    expect(lines.at(-1)).toBe("  All output of n0 was ignored after an invalid line");
  });

  test("takes faults on the nodes for the reason, before handlers", () => {
    const timeout = group({ kind: "timeout", text: "n0 killed from 0.000 s on" });
    expect(describeRequestErrors([timeout], invalid).at(-1)).toBe(
      "  No echo was ever answered. The faults may be the reason: run longer, with --time-limit, or with fewer faults",
    );
  });

  test("gives no advice if the run is valid", () => {
    const timeout = group({ kind: "timeout", timeoutMs: 5000, lastLog: ["warning"] });
    expect(describeRequestErrors([timeout], { ...invalid, valid: true })).toEqual([
      "Errors, which the verdict allows:",
      "  n0 did not answer 9 × echo within 5 s",
    ]);
  });
});
