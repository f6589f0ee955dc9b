import { describe, expect, test } from "bun:test";
import {
  latencyPoints,
  operationRate,
} from "../../../../../lib/workbench/report/page/charts/series.ts";
import { Viewport } from "../../../../../lib/workbench/report/page/diagram/viewport.ts";
import { visible } from "../../../../../lib/workbench/report/page/parts/visible-text.ts";
import { causesOf, insertedWords } from "../../../../../lib/workbench/report/page/run/causality.ts";
import {
  type Filter,
  filterMessages,
  NO_FILTER,
} from "../../../../../lib/workbench/report/page/run/filter.ts";
import { gossipRun, RunBuilder } from "../../../../support/report/report-run.ts";

describe("A filter of messages", () => {
  const run = gossipRun().run();
  const passing = (filter: Partial<Filter>) =>
    [...(filterMessages(run, { ...NO_FILTER, ...filter }) ?? [])].map(
      (row) =>
        `${run.lane(run.columns.messageSource[row] ?? 0)}>${run.lane(run.columns.messageDest[row] ?? 0)}`,
    );

  test("lets everything pass that has no condition", () => {
    expect(filterMessages(run, NO_FILTER)).toBeUndefined();
  });

  test("takes a node at either end, a type, what is lost, and all of them together", () => {
    expect(passing({ node: "n2" }).slice(2)).toEqual(["n1>n2", "n2>n3"]);
    expect(passing({ type: "gossip" })).toEqual(["n0>n1", "n1>n2", "n1>n3", "n2>n3"]);
    expect(passing({ onlyLost: true })).toEqual(["n1>n3"]);
    expect(passing({ type: "gossip", node: "n2", text: "7" })).toEqual(["n1>n2"]);
  });

  test("takes numbers and words as wholes, and anything else as it stands", () => {
    const builder = new RunBuilder("echo", ["n0", "n1"]).start();
    for (const [index, value] of [12, 123, 1.2, "a.b", "[x]"].entries()) {
      builder.message("n0", "n1", 10 + index, 1, { type: "t", value });
    }
    const numbers = builder.run();
    const rowsOf = (text: string) =>
      [...(filterMessages(numbers, { ...NO_FILTER, text }) ?? [])].map((row) => row - 4);
    expect(rowsOf("12")).toEqual([0]);
    expect(rowsOf("1.2")).toEqual([2]);
    expect(rowsOf("2")).toEqual([]);
    expect(rowsOf("a.b")).toEqual([3]);
    expect(rowsOf("[x]")).toEqual([4]);
    expect(rowsOf("(")).toEqual([]);
  });
});

describe("What an operation caused", () => {
  test("is its request and reply, and each message that carried its value on", () => {
    const run = gossipRun().run();
    const types = causesOf(run, 0).map((row) => run.messageTypeOf(row));
    expect(types).toEqual(["broadcast", "broadcast_ok", "gossip", "gossip", "gossip"]);
  });

  test("is what its node asked of others for its reply, and no other traffic of that time", () => {
    const builder = new RunBuilder("lin-kv", ["n0", "n1", "n2"]).start();
    builder.operation({ process: 0, node: "n0", type: "invoke", f: "read", value: [1, null] }, 10);
    builder.message("c9", "n0", 10, 0, { type: "read", key: 1, msg_id: 1 });
    builder.message("n0", "n1", 11, 5, { type: "ask" });
    builder.message("n0", "n2", 11.5, 50, { type: "too late" });
    builder.message("n2", "n1", 12, 1, { type: "other traffic" });
    builder.message("n1", "n0", 17, 5, { type: "answer" });
    builder.message("n0", "c9", 23, 0, { type: "read_ok", value: 2, in_reply_to: 1 });
    builder.operation({ process: 0, node: "n0", type: "ok", f: "read", value: [1, 2] }, 23);
    const run = builder.run();
    expect(causesOf(run, 0).map((row) => run.messageTypeOf(row))).toEqual([
      "read",
      "read_ok",
      "ask",
      "answer",
    ]);
  });

  test("is followed by key and value together where there are keys", () => {
    const words = (f: string, value: RunBuilder["history"][number]["value"]) => {
      const builder = new RunBuilder("x", ["n0"]).start();
      builder.operation({ process: 0, node: "n0", type: "invoke", f, value }, 1);
      return insertedWords(builder.run(), 0);
    };
    expect(
      words("txn", [
        ["r", 1, null],
        ["w", 2, 3],
      ]),
    ).toEqual([["2", "3"]]);
    expect(words("send", [["send", "k", 9]])).toEqual([["k", "9"]]);
    expect(words("cas", [4, [5, 6]])).toEqual([["4", "6"]]);
    expect(words("add", 1)).toEqual([]);
    expect(words("read", null)).toEqual([]);
  });
});

describe("Text of a node", () => {
  test("shows what could not be seen, or would reorder what stands around it, as codes", () => {
    expect(visible("a\u0000\u001b[2J\u202e\u2028é <script>")).toBe(
      "a\\u0000\\u001b[2J\\u202e\\u2028é <script>",
    );
  });
});

describe("The time that is shown", () => {
  test("stays within the run however it is zoomed and panned", () => {
    const viewport = new Viewport(-100, 900);
    viewport.zoom(4, 0);
    expect(viewport.to - viewport.from).toBeCloseTo(1020 / 4);
    for (let turn = 0; turn < 50; turn++) viewport.pan(-1);
    expect(viewport.from).toBe(viewport.begin);
    viewport.zoom(1e-9);
    expect([viewport.from, viewport.to]).toEqual([viewport.begin, viewport.end]);
    viewport.zoom(1e12);
    expect(viewport.to - viewport.from).toBeGreaterThan(1);
  });

  test("keeps the moment under the pointer where it is", () => {
    const viewport = new Viewport(0, 1000);
    const place = () => (300 - viewport.from) / (viewport.to - viewport.from);
    const before = place();
    viewport.zoom(3, 300);
    expect(place()).toBeCloseTo(before);
  });
});

describe("The charts", () => {
  test("have a series for each function and each outcome that occurs", () => {
    const builder = new RunBuilder("echo", ["n0"]).start();
    for (const [index, type] of (["ok", "fail", "info", "ok"] as const).entries()) {
      builder.operation({ process: 0, node: "n0", type: "invoke", f: "echo" }, index * 1000);
      builder.operation({ process: 0, node: "n0", type, f: "echo" }, index * 1000 + 8);
    }
    const run = builder.run();
    expect(latencyPoints(run).names).toEqual(["echo", "fail", "info"]);
    expect(latencyPoints(run).ys[0]?.filter((y) => y !== null)).toEqual([8, 8]);
    const { x, ys } = operationRate(run);
    const perBucket = x[1] ?? 1;
    expect(ys[0]?.reduce((sum, rate) => (sum ?? 0) + (rate ?? 0) * perBucket, 0)).toBeCloseTo(2);
  });
});
