import { describe, expect, test } from "bun:test";
import type { Json } from "../../../../../lib/vortex/index.ts";
import type { Checker } from "../../../../../lib/workbench/checkers/checker.ts";
import { linearizable } from "../../../../../lib/workbench/checkers/linearizable/index.ts";
import {
  casMap,
  expiringLock,
  fencedLock,
  mutex,
} from "../../../../../lib/workbench/checkers/models/index.ts";
import { type Entry, history, info, invoke, whole } from "../../../../support/histories/history.ts";

// Histories of the other models are generated, and compared with a search of every order.

type Part = readonly Entry[];
const validity =
  (check: Checker) =>
  (...parts: readonly Part[]) =>
    check(history(...parts), {}).valid;

describe("casMap", () => {
  const valid = validity(linearizable(casMap));
  const put = (key: string, value: Json) => whole(0, "put", [key, value], null);
  const get = (key: string, value: Json) => whole(1, "get", key, value);

  test("keeps each key's value until it is deleted", () => {
    expect(valid(get("a", null), put("a", 1), put("b", 2), get("a", 1), get("b", 2))).toBe(true);
    expect(valid(put("a", 1), whole(0, "delete", "a", null), get("a", null))).toBe(true);
    expect(valid(put("a", 1), get("b", 1))).toBe(false);
  });

  test("sets a value only if the key has the one expected", () => {
    const cas = (from: Json, to: Json, result: Json) => whole(2, "cas", ["a", from, to], result);
    expect(valid(put("a", 1), cas(1, 2, true), get("a", 2))).toBe(true);
    expect(valid(put("a", 1), cas(7, 2, false), get("a", 1))).toBe(true);
    expect(valid(put("a", 1), cas(7, 2, true))).toBe(false);
    expect(valid(put("a", 1), cas(1, 2, false))).toBe(false);
  });

  test("accepts keys that are names of an object's own", () => {
    expect(valid(put("__proto__", 1), get("__proto__", 1), get("constructor", null))).toBe(true);
  });
});

describe("mutex", () => {
  const valid = validity(linearizable(mutex));
  const acquire = (process: number, result: Json = true) => whole(process, "acquire", null, result);
  const release = (process: number) => whole(process, "release", null, true);

  test("is taken by one process at a time", () => {
    expect(valid(acquire(1), release(1), acquire(2))).toBe(true);
    expect(valid(acquire(1), acquire(2))).toBe(false);
    expect(valid(acquire(1), acquire(2, false))).toBe(true);
    expect(valid(acquire(1, false))).toBe(false);
  });

  test("is released by its owner only", () => {
    expect(valid(acquire(1), release(2))).toBe(false);
    expect(valid(release(1))).toBe(false);
  });

  test("may be held through an indefinite acquire, or not", () => {
    const doubtful = [invoke(1, "acquire"), info(1)];
    expect(valid(doubtful, acquire(2))).toBe(true);
    expect(valid(doubtful, acquire(2, false))).toBe(true);
  });
});

describe("fencedLock", () => {
  const valid = validity(linearizable(fencedLock));
  const acquire = (token: number) => whole(1, "acquire", null, token);
  const release = (token: number) => whole(1, "release", token, true);
  const use = (token: number, result = true) => whole(2, "use", token, result);
  const doubtful = [invoke(3, "acquire"), info(3)];

  test("gives tokens that increase, to one owner at a time", () => {
    expect(valid(acquire(1), release(1), acquire(5))).toBe(true);
    expect(valid(acquire(5), release(5), acquire(5))).toBe(false);
    expect(valid(acquire(1), acquire(2))).toBe(false);
    expect(valid(acquire(1), release(2))).toBe(false);
  });

  test("lets the resource refuse tokens that are older than one it has seen", () => {
    expect(valid(use(2), use(1, false), use(2), use(3))).toBe(true);
    expect(valid(use(2), use(1))).toBe(false);
    expect(valid(use(1), use(2, false))).toBe(false);
  });

  test("counts a token that got lost with an indefinite acquire", () => {
    expect(valid(acquire(1), release(1), doubtful, release(2), acquire(3))).toBe(true);
    expect(valid(acquire(1), release(1), doubtful, release(2), acquire(2))).toBe(false);
  });

  test("may be taken from its owner if leases expire", () => {
    const expiring = validity(linearizable(expiringLock));
    expect(expiring(acquire(1), acquire(2), release(1))).toBe(true);
    expect(expiring(acquire(2), acquire(1))).toBe(false);
    expect(expiring(acquire(1), release(2))).toBe(false);
  });
});
