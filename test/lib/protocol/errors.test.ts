import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  ERRORS,
  type ErrorKind,
  errorKind,
  isDefinite,
  isRpcError,
  RpcError,
} from "../../../lib/protocol/errors.ts";

/** Maelstrom protocol, "Errors". */
const PROTOCOL: readonly (readonly [ErrorKind, number, boolean])[] = [
  ["timeout", 0, false],
  ["node-not-found", 1, true],
  ["not-supported", 10, true],
  ["temporarily-unavailable", 11, true],
  ["malformed-request", 12, true],
  ["crash", 13, false],
  ["abort", 14, true],
  ["key-does-not-exist", 20, true],
  ["key-already-exists", 21, true],
  ["precondition-failed", 22, true],
  ["txn-conflict", 30, true],
];

describe("ERRORS", () => {
  test("lists exactly the protocol's errors", () => {
    const rows = PROTOCOL.map(([kind, code, definite]) => [kind, { code, definite }]);
    expect(Object.fromEntries(rows)).toEqual(ERRORS);
  });

  test.each(PROTOCOL)("%s is code %i, definite: %p", (kind, code, definite) => {
    expect(errorKind(code)).toBe(kind);
    expect(isDefinite(code)).toBe(definite);
    expect(new RpcError(kind)).toMatchObject({ code, kind, definite, message: kind });
    expect(new RpcError(code)).toMatchObject({ code, kind, definite });
  });

  test("every other code is unknown and indefinite, custom ones included", () => {
    const listed = new Set(PROTOCOL.map(([, code]) => code));
    const unlisted = fc.integer().filter((code) => !listed.has(code));
    fc.assert(
      fc.property(fc.oneof(unlisted, fc.integer({ min: 1000 })), (code) => {
        expect(new RpcError(code)).toMatchObject({ kind: "unknown", definite: false, code });
      }),
    );
  });
});

describe("RpcError", () => {
  test("is an Error with the text as its message, and a cause", () => {
    const cause = new Error("disk full");
    const error = new RpcError("abort", "Could not commit", { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "RpcError", message: "Could not commit", cause });
  });
});

describe("isRpcError", () => {
  test("recognises an RpcError, or one of a given kind", () => {
    const error = new RpcError("abort");
    expect(isRpcError(error)).toBe(true);
    expect(isRpcError(error, "abort")).toBe(true);
    expect(isRpcError(error, "crash")).toBe(false);
  });

  test("recognises the RpcError of another copy of the library", async () => {
    const path = require.resolve("../../../lib/protocol/errors.ts");
    const copy: typeof import("../../../lib/protocol/errors.ts") = await import(`${path}?copy`);
    const error = new copy.RpcError("key-does-not-exist");
    expect(error).not.toBeInstanceOf(RpcError);
    expect(isRpcError(error, "key-does-not-exist")).toBe(true);
  });

  test.each([
    ["another error", new Error("abort")],
    ["an error body", { type: "error", code: 14 }],
    ["a string", "abort"],
    ["null", null],
    ["undefined", undefined],
  ])("takes %s for something else", (_, value) => {
    expect(isRpcError(value)).toBe(false);
  });
});
