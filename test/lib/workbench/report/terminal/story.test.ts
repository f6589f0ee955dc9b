import { describe, expect, test } from "bun:test";
import type { Json } from "../../../../../lib/vortex/index.ts";
import type { Finding } from "../../../../../lib/workbench/checkers/checker.ts";
import type { Operation } from "../../../../../lib/workbench/history/history.ts";
import type { DropReason } from "../../../../../lib/workbench/network/drops.ts";
import { describeStory } from "../../../../../lib/workbench/report/terminal/story.ts";
import { Trace } from "../../../../../lib/workbench/report/terminal/trace.ts";

/** Builds a trace step by step. Times are in ms. */
class TraceBuilder {
  readonly trace = new Trace();
  readonly operations: Operation[] = [];
  #nextId = 0;

  operation(ms: number, fields: Pick<Operation, "process" | "type" | "f"> & Partial<Operation>) {
    const index = this.operations.length;
    const operation = { index, time: ms * 1e6, value: null, ...fields };
    this.operations.push(operation);
    this.trace.addOperation(operation);
    return operation;
  }

  /** @param end The time of arrival, why it was dropped, or nothing if it stays in flight. */
  message(ms: number, src: string, dest: string, content: Json, end?: number | DropReason): void {
    const message = { id: this.#nextId++, src, dest, body: { type: "gossip", content } };
    const time = ms * 1e6;
    this.trace.addMessage({ type: "send", time, message });
    if (typeof end === "number") this.trace.addMessage({ type: "recv", time: end * 1e6, message });
    else if (end !== undefined) this.trace.addMessage({ type: "drop", time, message, reason: end });
  }
}

/** A value that the network may lose on the way to n1. */
function lostValue(end?: number | DropReason, chatter = 0) {
  const builder = new TraceBuilder();
  const add = { process: 0, node: "n0", f: "broadcast", value: 7 } as const;
  const read = { process: 1, node: "n1", f: "read" } as const;
  const grudge = ["isolated", { n0: ["n1"], n1: ["n0"] }];
  builder.operation(0, { process: "nemesis", type: "info", f: "start-partition", value: grudge });
  const added = builder.operation(0.25, { ...add, type: "invoke" });
  builder.message(0.5, "n0", "n1", 7, end);
  builder.operation(0.75, { ...add, type: "ok" });
  for (let index = 0; index < chatter; index++) builder.message(1, "n0", "n1", 100 + index, 1);
  builder.message(1, "n0", "n1", 77, "partition");
  const missed = builder.operation(10_000, { ...read, type: "invoke" });
  builder.operation(10_000.5, { ...read, type: "ok", value: [70] });
  const sentence = "value 7 was missing";
  const finding: Finding = { anomaly: "lost", sentence, operations: [added, missed] };
  return { trace: builder.trace, finding };
}

describe("describeStory", () => {
  test("marks the point: the operations, the dropped message, the read that missed the value", () => {
    const { trace, finding } = lostValue("partition");
    expect(describeStory(trace, [finding]).split("\n")).toEqual([
      "       0.00 ms  nemesis start-partition: n0 | n1",
      ">      0.25 ms  process 0 invoke broadcast 7 on n0",
      '       0.50 ms    n0 sends to n1: {"type":"gossip","content":7}',
      '>      0.50 ms    n0 → n1 dropped by the partition: {"type":"gossip","content":7}',
      ">      0.75 ms  process 0 ok broadcast 7 on n0",
      '       1.00 ms    n0 sends to n1: {"type":"gossip","content":77}',
      '       1.00 ms    n0 → n1 dropped by the partition: {"type":"gossip","content":77}',
      ">  10000.00 ms  process 1 invoke read on n1",
      ">  10000.50 ms  process 1 ok read [70] on n1, without 7",
      "",
      "dropped by the partition: 1 message with value 7 (n0 → n1 at 0.50 ms)",
      "then missing from process 1's read on n1 at 10000.50 ms",
      "lost: value 7 was missing",
    ]);
  });

  test("says why a message was lost otherwise", () => {
    const story = (end?: DropReason) => {
      const { trace, finding } = lostValue(end);
      return describeStory(trace, [finding]);
    };
    expect(story("loss")).toContain("dropped by loss: 1 message with value 7");
    expect(story("down")).toContain("receiver down: 1 message with value 7");
    expect(story()).toContain(
      'n0 sends to n1: {"type":"gossip","content":7} (in flight at the end)',
    );
  });

  test("names the nodes that a value was sent to if no message with it was dropped", () => {
    const { trace, finding } = lostValue(0.6);
    expect(describeStory(trace, [finding])).toContain(
      "no message with value 7 was dropped; it was sent to n1 only",
    );
  });

  test("omits what matters least from a long trace, and counts it", () => {
    const { trace, finding } = lostValue("partition", 500);
    const lines = describeStory(trace, [finding]).split("\n");
    expect(lines.length).toBeLessThan(100);
    expect(lines.filter((line) => line.startsWith(">"))).toHaveLength(5);
    expect(lines.join("\n")).toMatch(/^ {2}\.\.\. 9\d\d other events$/m);
  });

  test("prefers the last events of a test that crashed", () => {
    const { trace } = lostValue("partition", 500);
    const lines = describeStory(trace, []).split("\n");
    expect(lines[0]).toContain("start-partition");
    expect(lines.join("\n")).toContain(
      'n0 → n1 dropped by the partition: {"type":"gossip","content":77}',
    );
    expect(lines.join("\n")).not.toContain('"content":100}');
  });
});
