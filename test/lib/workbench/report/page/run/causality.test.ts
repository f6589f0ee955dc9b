import { describe, expect, test } from "bun:test";
import {
  causesOf,
  insertedWords,
} from "../../../../../../lib/workbench/report/page/run/causality.ts";
import { gossipRun, RunBuilder } from "../../../../../support/report/report-run.ts";

describe("causesOf", () => {
  test("returns the request, the reply, and each message that carries the value to a new node", () => {
    const run = gossipRun().run();
    const types = causesOf(run, 0).map((row) => run.messageTypeOf(row));
    expect(types).toEqual(["broadcast", "broadcast_ok", "gossip", "gossip", "gossip"]);
  });

  test("returns the messages between request and reply in causal order, without concurrent traffic", () => {
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

  test("insertedWords pairs a key with its value; it is empty for counters and reads", () => {
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
