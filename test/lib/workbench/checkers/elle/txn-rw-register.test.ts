import { describe, expect, test } from "bun:test";
import type { Json } from "../../../../../lib/vortex/index.ts";
import { checkTxnRwRegister } from "../../../../../lib/workbench/checkers/elle/txn-rw-register.ts";
import {
  type Entry,
  fail,
  history,
  info,
  invoke,
  whole,
} from "../../../../support/histories/history.ts";
import { handwritten } from "../../../../support/histories/transactions.ts";

/** `"r0 w0=1"`: read key 0, then write 1 to it. In an answer, `"r0=1"`: key 0 was read as 1. */
function txn(text: string): Json {
  return text.split(" ").map((step) => {
    const [, f = "", key = "", value = "null"] = /^(\w)(\d+)(?:=(\w+))?$/.exec(step) ?? [];
    return [f, Number(key), JSON.parse(value)];
  });
}

const { did, together } = handwritten(txn);

function check(model: string, ...entries: readonly (Entry | readonly Entry[])[]) {
  return checkTxnRwRegister(history(...entries), { consistencyModels: [model] });
}

describe("checkTxnRwRegister", () => {
  test("accepts strictly serializable transactions", () => {
    expect(
      check("strict-serializable", did(0, "r0 w0=1"), did(1, "r0=1 w0=2"), did(0, "r0=2")),
    ).toMatchObject({ valid: true, anomalyTypes: [], counts: {}, explanation: [] });
  });

  test("requires strict serializability by default", () => {
    const staleRead = history(did(0, "w0=1"), did(1, "r0"));
    expect(checkTxnRwRegister(staleRead, {}).anomalyTypes).toEqual(["G-single-item-realtime"]);
  });

  test("flags a read of a failed transaction's write (G1a)", () => {
    const verdict = check(
      "read-committed",
      [invoke(0, "txn", txn("w0=1")), fail(0)],
      did(1, "r0=1"),
      did(1, "r0=1 w0=2"),
    );
    expect(verdict).toMatchObject({ valid: false, anomalyTypes: ["G1a"], counts: { G1a: 2 } });
    expect(verdict.explanation[0]?.sentence).toBe(
      "process 1's txn at 0.004 s read key 0 = 1, written by process 0's txn at 0.002 s, " +
        "which failed and must have no effect",
    );
    expect(verdict.explanation[0]?.operations.map(({ index }) => index)).toEqual([1, 3]);
  });

  test("accepts a read of an indefinite transaction's write", () => {
    expect(
      check("read-committed", [invoke(0, "txn", txn("w0=1")), info(0)], did(1, "r0=1 w0=2")),
    ).toMatchObject({ valid: true });
  });

  test("flags a read of an intermediate write (G1b), but not by its writer", () => {
    expect(
      check("read-committed", did(0, "w0=1 r0=1 w0=2"), did(1, "r0=1"), did(1, "r0=2")),
    ).toMatchObject({ valid: false, counts: { G1b: 1 } });
  });

  test("flags transactions that read each other's writes (G1c), edge by edge", () => {
    const verdict = check("read-committed", together("w0=1 r1=2", "w1=2 r0=1"));
    expect(verdict).toMatchObject({ valid: false, anomalyTypes: ["G1c"], not: ["read-committed"] });
    expect(verdict.explanation[0]?.sentence).toBe(
      "transactions read or overwrote each other's writes in a cycle: " +
        "T1 wrote key 1 = 2, which T2 read (wr); T2 wrote key 0 = 1, which T1 read (wr). " +
        "T1 is process 1's txn at 0.004 s, T2 is process 0's txn at 0.003 s",
    );
  });

  test("flags a fractured read (G-single-item)", () => {
    expect(check("snapshot-isolation", together("w0=1 w1=1", "r0=1 r1")).anomalyTypes).toEqual([
      "G-single-item",
    ]);
  });

  test("flags two readers who disagree on the order of two writes (G-nonadjacent-item)", () => {
    expect(
      check("snapshot-isolation", together("w0=1", "w1=1", "r0=1 r1", "r0 r1=1")).anomalyTypes,
    ).toEqual(["G-nonadjacent-item"]);
  });

  test("flags write skew (G2-item), which snapshot isolation allows", () => {
    const skew = together("r0 r1 w0=1", "r0 r1 w1=1");
    expect(check("serializable", skew).anomalyTypes).toEqual(["G2-item"]);
    expect(check("snapshot-isolation", skew).valid).toBe(true);
  });

  test("flags lost updates of ok transactions only", () => {
    const lost = did(0, "r0 w0=1");
    expect(check("cursor-stability", lost, did(1, "r0 w0=2")).counts).toMatchObject({
      "lost-update": 1,
    });
    expect(
      check("cursor-stability", lost, [invoke(1, "txn", txn("r0 w0=2")), info(1)]).anomalyTypes,
    ).not.toContain("lost-update");
  });

  test("flags a read that contradicts its own transaction (internal)", () => {
    const verdict = check("serializable", did(0, "w0=1 r0=2"), did(1, "r0=1 w0=2"));
    expect(verdict.counts).toMatchObject({ internal: 1 });
  });

  test("ignores earlier reads of null within a transaction", () => {
    expect(check("serializable", did(0, "r0 r0=2"), did(1, "w0=2")).counts).toEqual({});
  });

  test("flags cyclic versions, and then trusts no order that reads and writes imply", () => {
    const cycle = together("r0=2 w0=1", "r0=1 w0=2");
    expect(check("read-uncommitted", cycle)).toMatchObject({
      valid: false,
      counts: { "cyclic-versions": 1 },
    });
    const lostOrder = did(2, "r9=1 w9=2");
    expect(check("read-uncommitted", did(3, "w9=1"), lostOrder).valid).toBe(true);
  });

  test("reports that a write cycle exists only if no specific type of cycle is reported", () => {
    const cycle = together("w0=1 r1=1 w1=2", "w1=1 r0=1 w0=2");
    expect(check("read-uncommitted", cycle).anomalyTypes).toEqual(["PL-1-cycle-exists"]);
  });

  test("classifies stale reads by the order that they violate", () => {
    const otherProcess = [did(0, "w0=1"), did(1, "r0")];
    const sameProcess = [did(0, "w0=1"), did(0, "r0")];
    expect(check("serializable", ...sameProcess).valid).toBe(true);
    expect(check("strong-session-serializable", ...otherProcess).valid).toBe(true);
    expect(check("strong-session-serializable", ...sameProcess).anomalyTypes).toEqual([
      "G-single-item-process",
    ]);
    expect(check("strict-serializable", ...otherProcess).anomalyTypes).toEqual([
      "G-single-item-realtime",
    ]);
  });

  test("explains a stale read by completion and invocation", () => {
    const { explanation } = check("strict-serializable", did(0, "w0=1"), did(1, "r0"));
    expect(explanation[0]?.sentence).toBe(
      "a transaction missed a write that preceded it, given the real-time order: " +
        "T1 read key 0 = null, and T2 wrote 1, a later version (rw); " +
        "T2 completed at index 1 before T1 was invoked at index 2 (realtime). " +
        "T1 is process 1's txn at 0.004 s, T2 is process 0's txn at 0.002 s",
    );
  });

  test("is invalid if no transaction depends on another", () => {
    const unrelated = [did(0, "w0=1"), did(1, "w1=1")];
    expect(check("serializable", ...unrelated)).toMatchObject({
      valid: false,
      anomalyTypes: ["empty-transaction-graph"],
      counts: {},
    });
    expect(check("strict-serializable", ...unrelated).valid).toBe(true);
  });

  test("counts a transaction that depends only on itself as a dependency", () => {
    expect(check("serializable", did(0, "r0 w0=1")).valid).toBe(true);
  });

  test("names the weakest violated models, and the stronger ones that they rule out", () => {
    const verdict = check("serializable", together("r0 r1 w0=1", "r0 r1 w1=1"));
    expect(verdict.not).toEqual(["repeatable-read"]);
    expect(verdict.alsoNot).toEqual([
      "serializable",
      "strong-serializable",
      "strong-session-serializable",
    ]);
  });

  test("throws on a value that was written twice and read, but not on an unread one", () => {
    const twice = [did(0, "w0=1"), did(1, "w0=1")];
    expect(() => check("serializable", ...twice, did(2, "r0=1"))).toThrow(
      "Key 0 had value 1 written by more than one transaction",
    );
    expect(check("serializable", ...twice, did(2, "r0")).valid).toBe(true);
  });

  test("throws a FatalCheckError if keys have different types", () => {
    const text: Json = [["r", "0", null]];
    expect(() => check("serializable", did(0, "w0=1"), whole(1, "txn", text))).toThrow(
      expect.objectContaining({ name: "FatalCheckError" }),
    );
  });

  test("throws on an unknown model, and on a value that is not a transaction", () => {
    expect(() => check("serialisable", did(0, "w0=1"))).toThrow(
      'Unknown consistency model "serialisable"',
    );
    expect(() => check("serializable", whole(0, "txn", "w0=1"))).toThrow(
      "Operation 1 is not a transaction",
    );
  });

  test("accepts the names of JavaScript's own properties as keys", () => {
    const value: Json = [
      ["r", "__proto__", 1],
      ["w", "__proto__", 2],
    ];
    const verdict = check("serializable", whole(0, "txn", value), whole(1, "txn", value));
    expect(verdict.counts).toMatchObject({ "lost-update": 1 });
  });
});
