import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import {
  ErrorReply,
  MalformedReply,
  NetTimeout,
} from "../../../../lib/workbench/clients/client-errors.ts";
import {
  RequestErrorCounts,
  requestErrorsOf,
} from "../../../../lib/workbench/run/request-errors.ts";
import { fail, history, info, invoke, whole } from "../../../support/histories/history.ts";

function counted(...thrown: readonly (readonly [node: string, error: unknown])[]) {
  const counts = new RequestErrorCounts();
  for (const [node, error] of thrown) counts.add(node, "read", error);
  return counts.groups;
}

describe("RequestErrorCounts", () => {
  test("groups errors by request, code and text, the most frequent first", () => {
    const busy = new ErrorReply("read", 11, "busy");
    const crashed = new ErrorReply("write", 13, "TypeError: x");
    expect(counted(["n0", busy], ["n1", crashed], ["n0", crashed], ["n1", crashed])).toEqual([
      {
        kind: "error",
        request: "write",
        code: 13,
        name: "crash",
        text: "TypeError: x",
        count: 3,
        nodes: { n1: 2, n0: 1 },
      },
      expect.objectContaining({ name: "temporarily-unavailable", count: 1, nodes: { n0: 1 } }),
    ]);
  });

  test("takes texts that differ in numbers and ids for the same", () => {
    const texts = ["key 1 of n0-a7f3 is 0.5", "key 22 of n1-b8 is 3", "key 22 of n1-b8 is gone"];
    const groups = counted(
      ...texts.map((text) => ["n0", new ErrorReply("read", 20, text)] as const),
    );
    expect(groups.map(({ text, count, isVaried }) => [text, count, isVaried])).toEqual([
      ["key 1 of n0-a7f3 is 0.5", 2, true],
      ["key 22 of n1-b8 is gone", 1, undefined],
    ]);
  });

  test("counts timeouts with the type of the request, not of the operation", () => {
    const late = new NetTimeout("commit_offsets", "n1", 5000);
    expect(counted(["n1", late], ["n1", late])).toEqual([
      {
        kind: "timeout",
        request: "commit_offsets",
        text: "",
        timeoutMs: 5000,
        count: 2,
        nodes: { n1: 2 },
      },
    ]);
  });

  test("keeps codes outside of the protocol, and errors without an integer code", () => {
    const own = new ErrorReply("read", 4711, "mine");
    const none = new ErrorReply("read", undefined, "x");
    const [first, second] = counted(["n0", own], ["n0", own], ["n0", none]);
    expect(first).toMatchObject({ code: 4711, name: "unknown" });
    expect(second).not.toHaveProperty("code");
  });

  test("states what is wrong with malformed replies", () => {
    const request = { src: "c1", dest: "n0", body: { type: "read", msg_id: 1 } };
    const reply = { src: "n0", dest: "c1", body: { type: "read_ok", value: "x" } };
    const { issues = [] } = v.safeParse(v.looseObject({ value: v.number() }), reply.body);
    expect(counted(["n0", new MalformedReply(request, reply, issues)])).toMatchObject([
      { kind: "malformed-reply", request: "read", text: '"value" must be a number, but is "x"' },
    ]);
  });

  test("bounds the number of groups", () => {
    const letters = (n: number) => String.fromCharCode(97 + (n % 26), 97 + Math.floor(n / 26));
    const errors = Array.from({ length: 400 }, (_, n) => new ErrorReply("read", 13, letters(n)));
    expect(counted(...errors.map((error) => ["n0", error] as const))).toHaveLength(200);
  });
});

describe("requestErrorsOf", () => {
  test("finds the errors of a stored history", () => {
    const stored = history(
      whole(0, "read", null, 1),
      [{ ...invoke(0, "cas"), node: "n1" }, fail(0, ["precondition-failed", "is 3"])],
      [{ ...invoke(0, "cas"), node: "n0" }, fail(0, ["precondition-failed", "is 4"])],
      [{ ...invoke(0, "read"), node: "n0" }, info(0)],
    );
    expect(requestErrorsOf(stored)).toEqual([
      {
        kind: "error",
        request: "cas",
        code: 22,
        name: "precondition-failed",
        text: "is 3",
        isVaried: true,
        count: 2,
        nodes: { n1: 1, n0: 1 },
      },
      { kind: "timeout", request: "read", text: "", count: 1, nodes: { n0: 1 } },
    ]);
  });

  test("reads the exceptions of workloads without protocol errors", () => {
    const thrown = (name: string, message: string) => ({
      ...info(0, `indeterminate: ${message}`),
      exception: { class: name, message },
    });
    const stored = history(
      [invoke(0, "add"), thrown("ErrorReply", "no")],
      [invoke(1, "add"), { ...thrown("NetTimeout", "No reply"), process: 1 }],
    );
    expect(requestErrorsOf(stored)).toEqual([
      { kind: "error", request: "add", text: "no", count: 1, nodes: {} },
      { kind: "timeout", request: "add", text: "", count: 1, nodes: {} },
    ]);
  });

  test("reads the exceptions of Maelstrom's histories", () => {
    const stored = history([invoke(0, "add"), info(0, ["indeterminate", "no such thing"])]);
    expect(requestErrorsOf(stored)).toEqual([
      { kind: "exception", request: "add", text: "no such thing", count: 1, nodes: {} },
    ]);
  });
});
