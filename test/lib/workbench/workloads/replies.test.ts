import { describe, expect, test } from "bun:test";
import type { Json } from "../../../../lib/vortex/index.ts";
import type { WorkloadName } from "../../../../lib/workbench/workloads/index.ts";
import { asked, converse, makeWorkload } from "../../../support/simulations/workloads.ts";

type Body = { readonly [field: string]: Json };

/** Each operation: what it is, the request that it sends, a good reply, and what it ends with. */
const OPERATIONS: readonly (readonly [
  WorkloadName,
  f: string,
  value: Json,
  request: Body,
  reply: Body,
  ended: Json,
])[] = [
  [
    "echo",
    "echo",
    "Please echo 35",
    { type: "echo", echo: "Please echo 35" },
    { type: "echo_ok", echo: "Please echo 35" },
    // The whole reply, as the checker wants it.
    { type: "echo_ok", echo: "Please echo 35", in_reply_to: 1 },
  ],
  ["unique-ids", "generate", null, { type: "generate" }, { type: "generate_ok", id: [7] }, [7]],
  ["broadcast", "broadcast", 5, { type: "broadcast", message: 5 }, { type: "broadcast_ok" }, 5],
  ["broadcast", "read", null, { type: "read" }, { type: "read_ok", messages: [2, 1] }, [2, 1]],
  ["g-set", "add", 5, { type: "add", element: 5 }, { type: "add_ok" }, 5],
  ["g-set", "read", null, { type: "read" }, { type: "read_ok", value: [2, 1] }, [2, 1]],
  ["g-counter", "add", 4, { type: "add", delta: 4 }, { type: "add_ok" }, 4],
  ["g-counter", "read", null, { type: "read" }, { type: "read_ok", value: 9 }, 9],
  ["pn-counter", "add", -4, { type: "add", delta: -4 }, { type: "add_ok" }, -4],
  ["pn-counter", "read", null, { type: "read" }, { type: "read_ok", value: -9 }, -9],
  ["lin-kv", "read", [3, null], { type: "read", key: 3 }, { type: "read_ok", value: 1 }, [3, 1]],
  ["lin-kv", "write", [3, 1], { type: "write", key: 3, value: 1 }, { type: "write_ok" }, [3, 1]],
  [
    "lin-kv",
    "cas",
    [3, [1, 2]],
    { type: "cas", key: 3, from: 1, to: 2 },
    { type: "cas_ok" },
    [3, [1, 2]],
  ],
];

const LISTS: readonly (readonly [WorkloadName, field: string])[] = [
  ["broadcast", "messages"],
  ["g-set", "value"],
];

function ask(name: WorkloadName, f: string, value: Json, reply: Body | undefined) {
  const workload = makeWorkload(name, { concurrency: 2 });
  const { completions, requests } = converse(workload, [asked(f, value)], () => reply);
  return { completion: completions[0], requests };
}

describe("an operation", () => {
  test.each(OPERATIONS)("of %s, %s %j, sends %j", (name, f, value, request, reply) => {
    expect(ask(name, f, value, reply).requests).toEqual([request]);
  });

  test.each(OPERATIONS)("of %s, %s %j, completes with its outcome", (...operation) => {
    const [name, f, value, , reply, ended] = operation;
    expect(ask(name, f, value, reply).completion).toEqual({ type: "ok", value: ended });
  });

  test.each(OPERATIONS)(
    "of %s, %s %j, is unknown after a reply with one more field",
    (...operation) => {
      const [name, f, value, , reply] = operation;
      expect(ask(name, f, value, { ...reply, text: "hi" }).completion).toMatchObject({
        type: "info",
        error: expect.stringContaining("indeterminate: Malformed reply to"),
        exception: { class: "MalformedReply", message: expect.stringContaining('"text"') },
      });
    },
  );

  test.each(OPERATIONS)(
    "of %s, %s %j, is unknown after a reply of another type",
    (...operation) => {
      const [name, f, value, , reply] = operation;
      expect(ask(name, f, value, { ...reply, type: "ok" }).completion).toMatchObject({
        type: "info",
        exception: { message: expect.stringContaining('"type"') },
      });
    },
  );

  test.each(OPERATIONS)("of %s, %s %j, accepts a reply with a msg_id", (...operation) => {
    const [name, f, value, , reply] = operation;
    expect(ask(name, f, value, { ...reply, msg_id: 12 }).completion).toMatchObject({ type: "ok" });
  });

  test.each(
    OPERATIONS.flatMap(([name, f, value, , reply]) =>
      Object.keys(reply)
        .filter((field) => field !== "type")
        .map((field) => [name, f, value, reply, field] as const),
    ),
  )("of %s, %s %j, whose reply %j lacks %s, is unknown", (name, f, value, reply, field) => {
    const { [field]: _, ...rest } = reply;
    expect(ask(name, f, value, rest).completion).toMatchObject({
      type: "info",
      exception: { message: expect.stringContaining(`"${field}" is missing`) },
    });
  });
});

describe("a list", () => {
  test.each(LISTS)("that %s reads may be null, which counts as empty", (name, field) => {
    const { completion } = ask(name, "read", null, { type: "read_ok", [field]: null });
    expect(completion).toEqual({ type: "ok", value: [] });
  });

  test.each(LISTS)("that %s reads must not be an object", (name, field) => {
    const { completion } = ask(name, "read", null, { type: "read_ok", [field]: {} });
    expect(completion).toMatchObject({ type: "info", exception: { class: "MalformedReply" } });
  });
});

describe("the sum that a counter reads", () => {
  test.each(["3", 1.5, null, {}])("must not be %j", (value) => {
    const { completion } = ask("pn-counter", "read", null, { type: "read_ok", value });
    expect(completion).toMatchObject({ type: "info", exception: { class: "MalformedReply" } });
  });
});

/** Operations by what they end as when no reply comes, or an error that says nothing definite. */
const INDEFINITE: readonly (readonly [WorkloadName, f: string, value: Json, type: string])[] = [
  ["echo", "echo", "hi", "info"],
  ["unique-ids", "generate", null, "info"],
  ["broadcast", "broadcast", 1, "info"],
  ["broadcast", "read", null, "fail"],
  ["g-set", "add", 1, "info"],
  ["g-set", "read", null, "info"],
  ["g-counter", "add", 1, "info"],
  ["g-counter", "read", null, "info"],
  ["lin-kv", "read", [0, null], "fail"],
  ["lin-kv", "write", [0, 1], "info"],
  ["lin-kv", "cas", [0, [1, 2]], "info"],
];

describe("without a reply", () => {
  test.each(INDEFINITE)("%s's %s %j ends as %s", (name, f, value, type) => {
    const silent = ask(name, f, value, undefined);
    const crashed = ask(name, f, value, { type: "error", code: 13, text: "oops" });
    expect([silent.completion, crashed.completion]).toMatchObject([{ type }, { type }]);
  });
});

describe("after a definite error", () => {
  const refused = { type: "error", code: 11, text: "not now" };

  test.each(INDEFINITE.filter(([name]) => !["g-set", "g-counter"].includes(name)))(
    "%s's %s %j has failed",
    (name, f, value) => {
      expect(ask(name, f, value, refused).completion).toMatchObject({
        type: "fail",
        error: ["temporarily-unavailable", "not now"],
      });
    },
  );

  test.each(INDEFINITE.filter(([name]) => ["g-set", "g-counter"].includes(name)))(
    "%s's %s %j is unknown all the same",
    (name, f, value) => {
      expect(ask(name, f, value, refused).completion).toMatchObject({
        type: "info",
        exception: { class: "ErrorReply" },
      });
    },
  );
});
