import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  causesOf,
  insertedWords,
} from "../../../../../../lib/workbench/report/page/run/causality.ts";
import { gossipRun, RunBuilder } from "../../../../../support/report/report-run.ts";

type RunValue = RunBuilder["history"][number]["value"];

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

  test("follows each request of an operation that asks several nodes", () => {
    const builder = new RunBuilder("transfers", ["n0", "n1", "n2"]).start();
    const transfer = { process: 0, node: "n0", f: "transfer", value: 5 } as const;
    builder.operation({ ...transfer, type: "invoke" }, 10);
    for (const [index, node] of ["n1", "n2"].entries()) {
      const at = 10 + 20 * index;
      builder.message("c9", node, at, 1, { type: "prepare", msg_id: index });
      builder.message(node, "n0", at + 2, 3, { type: `ask from ${node}` });
      builder.message("n0", node, at + 6, 3, { type: `answer to ${node}` });
      builder.message(node, "c9", at + 10, 1, { type: "prepare_ok", in_reply_to: index });
      builder.message("n0", node, at + 12, 1, { type: "between requests" });
    }
    builder.operation({ ...transfer, type: "ok" }, 50);
    const run = builder.run();
    const rows = causesOf(run, 0).toSorted((one, other) => one - other);
    expect(rows.map((row) => run.messageTypeOf(row))).toEqual([
      "prepare",
      "ask from n1",
      "answer to n1",
      "prepare_ok",
      "prepare",
      "ask from n2",
      "answer to n2",
      "prepare_ok",
    ]);
  });

  test("finds words in an operation of any name and value, or none", () => {
    const names = fc.constantFrom("write", "cas", "txn", "add", "broadcast", "constructor", "");
    const values = fc.oneof(fc.jsonValue(), fc.array(fc.array(fc.constantFrom("w", "append", 1))));
    fc.assert(
      fc.property(names, values, (f, value) => {
        const builder = new RunBuilder("x", ["n0"]).start();
        // Forced: any JSON is a value.
        const operation = { process: 0, node: "n0", f, value: value as RunValue } as const;
        builder.operation({ ...operation, type: "invoke" }, 1);
        const words = insertedWords(builder.run(), 0);
        expect(words.every((each) => each.length > 0 && each.every((word) => word !== ""))).toBe(
          true,
        );
      }),
    );
  });

  test("insertedWords pairs a key with its value; it is empty for counters and reads", () => {
    const words = (f: string, value: RunValue) => {
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
    expect(words("cas", [4, []])).toEqual([["4"]]);
    expect(words("write", [])).toEqual([]);
    expect(words("add", 1)).toEqual([]);
    expect(words("read", null)).toEqual([]);
  });
});
