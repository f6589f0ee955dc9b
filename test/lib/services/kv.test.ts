import { describe, expect, test } from "bun:test";
import { LinearizableKv } from "../../../lib/services/linearizable.ts";
import { type AnyBody, type Json, parseJson } from "../../../lib/vortex/index.ts";
import { ask, cas, read, write } from "../../support/service-requests.ts";

/** Returns the replies to requests of one client, abbreviated. */
function replies(...requests: AnyBody[]): unknown[] {
  const service = new LinearizableKv();
  return requests.map((request) => ask(service, "n0", request));
}

describe("a key-value service", () => {
  test("reads the last written value", () => {
    expect(replies(write("a", 1), write("a", [2]), read("a"))).toEqual(["ok", "ok", [2]]);
  });

  test("replies key-does-not-exist (20) to a read or cas of a key that was never written", () => {
    expect(replies(read("a"), cas("a", null, 1))).toEqual(["error 20", "error 20"]);
  });

  test("stores null like any other value", () => {
    expect(replies(write("a", null), read("a"), cas("a", null, 1), read("a"))).toEqual([
      "ok",
      null,
      "ok",
      1,
    ]);
  });

  test("replaces a value by cas only if it equals the expected one", () => {
    expect(replies(write("a", 1), cas("a", 2, 3), read("a"), cas("a", 1, 3), read("a"))).toEqual([
      "ok",
      "error 22",
      1,
      "ok",
      3,
    ]);
  });

  test("creates a key by cas with create_if_not_exists, for any expected value", () => {
    const create = { create_if_not_exists: true };
    expect(replies(cas("a", 7, 1, create), cas("a", 7, 2, create), read("a"))).toEqual([
      "ok",
      "error 22",
      1,
    ]);
  });

  test("compares values deeply, ignoring the order of object keys", () => {
    expect(replies(write("a", { x: 1, y: [2] }), cas("a", { y: [2], x: 1 }, 0))).toEqual([
      "ok",
      "ok",
    ]);
  });

  test("distinguishes keys and values of different types", () => {
    const oneAsDouble = parseJson("1.0") as Json;
    expect(replies(write(1, 1), read("1"), read(oneAsDouble), cas(1, oneAsDouble, 2))).toEqual([
      "ok",
      "error 20",
      "error 20",
      "error 22",
    ]);
  });

  test("treats a missing field as null", () => {
    expect(replies({ type: "write" }, read(null), { type: "cas", to: 5 }, read(null))).toEqual([
      "ok",
      null,
      "ok",
      5,
    ]);
  });

  test("replies to the msg_id of the request, or to null without one", () => {
    const service = new LinearizableKv();
    expect(service.handle("n0", { ...write("a", 1), msg_id: 0 })).toEqual({
      type: "write_ok",
      in_reply_to: 0,
    });
    expect(service.handle("n0", cas("a", 2, 3))).toEqual({
      type: "error",
      code: 22,
      text: "current value 1 is not 2",
      in_reply_to: null,
    });
  });

  test("does not answer a request of unknown type", () => {
    expect(
      new LinearizableKv().handle("n0", { type: "delete", key: "a", msg_id: 1 }),
    ).toBeUndefined();
  });
});
