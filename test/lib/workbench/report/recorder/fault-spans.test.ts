import { describe, expect, test } from "bun:test";
import { FaultSpans } from "../../../../../lib/workbench/report/recorder/fault-spans.ts";

function spansOf(...entries: readonly Parameters<FaultSpans["add"]>[]) {
  const spans = new FaultSpans();
  for (const entry of entries) spans.add(...entry);
  return spans.result(100);
}

describe("The spans of faults", () => {
  test("last from the start to the stop, with what the start did", () => {
    const spans = spansOf(
      ["start-kill", 1, "one"],
      ["start-kill", 2, "n1 killed"],
      ["stop-kill", 5, ""],
      ["stop-kill", 6, "n1 started"],
    );
    expect(spans).toEqual([{ name: "kill", from: 1, to: 5, detail: "n1 killed" }]);
  });

  test("go on after a stop that failed, until the next one", () => {
    const failing: Parameters<FaultSpans["add"]>[] = [
      ["start-membership", 1, ""],
      ["start-membership", 2, "n1 removed"],
      ["stop-membership", 5, ""],
      ["stop-membership", 6, "failed: no reply", true],
    ];
    const detail = "n1 removed; stop failed: no reply";
    expect(spansOf(...failing)).toEqual([{ name: "membership", from: 1, to: 100, detail }]);
    const healed = spansOf(
      ...failing,
      ["stop-membership", 8, ""],
      ["stop-membership", 9, "n1 added"],
    );
    expect(healed).toEqual([{ name: "membership", from: 1, to: 8, detail }]);
  });

  test("are those of single operations, too, from invocation to completion", () => {
    const spans = spansOf(["compact-logs", 1, ""], ["compact-logs", 3, "n0 compacted"]);
    expect(spans).toEqual([{ name: "compact-logs", from: 1, to: 3, detail: "n0 compacted" }]);
  });
});
