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
  test("finds transactions valid that are strictly serializable", () => {
    expect(
      check("strict-serializable", did(0, "r0 w0=1"), did(1, "r0=1 w0=2"), did(0, "r0=2")),
    ).toMatchObject({ valid: true, anomalyTypes: [], counts: {}, explanation: [] });
  });

  test("demands strict serializability unless told otherwise", () => {
    const staleRead = history(did(0, "w0=1"), did(1, "r0"));
    expect(checkTxnRwRegister(staleRead, {}).anomalyTypes).toEqual(["G-single-item-realtime"]);
  });

  test("flags a read of what a failed transaction wrote (G1a)", () => {
    const verdict = check(
      "read-committed",
      [invoke(0, "txn", txn("w0=1")), fail(0)],
      did(1, "r0=1"),
      did(1, "r0=1 w0=2"),
    );
    expect(verdict).toMatchObject({ valid: false, anomalyTypes: ["G1a"], counts: { G1a: 2 } });
    expect(verdict.explanation[0]?.sentence).toBe(
      "process 1's txn at 0.004 s read key 0 = 1, which process 0's txn at 0.002 s wrote, " +
        "but that transaction failed and must have no effect",
    );
    expect(verdict.explanation[0]?.operations.map(({ index }) => index)).toEqual([1, 3]);
  });

  test("does not flag a read of what an indefinite transaction wrote", () => {
    expect(
      check("read-committed", [invoke(0, "txn", txn("w0=1")), info(0)], did(1, "r0=1 w0=2")),
    ).toMatchObject({ valid: true });
  });

  test("flags a read of what its writer overwrote (G1b), but not the writer's own", () => {
    expect(
      check("read-committed", did(0, "w0=1 r0=1 w0=2"), did(1, "r0=1"), did(1, "r0=2")),
    ).toMatchObject({ valid: false, counts: { G1b: 1 } });
  });

  test("flags transactions that read each other's writes (G1c), edge by edge", () => {
    const verdict = check("read-committed", together("w0=1 r1=2", "w1=2 r0=1"));
    expect(verdict).toMatchObject({ valid: false, anomalyTypes: ["G1c"], not: ["read-committed"] });
    expect(verdict.explanation[0]?.sentence).toBe(
      "Transactions saw or overwrote each other's writes in a circle: " +
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

  test("flags lost updates, but of ok transactions only", () => {
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

  test("cannot tell a read of null from none within a transaction", () => {
    expect(check("serializable", did(0, "r0 r0=2"), did(1, "w0=2")).counts).toEqual({});
  });

  test("flags versions in a circle, and then trusts no order that reads and writes imply", () => {
    const circle = together("r0=2 w0=1", "r0=1 w0=2");
    expect(check("read-uncommitted", circle)).toMatchObject({
      valid: false,
      counts: { "cyclic-versions": 1 },
    });
    const lostOrder = did(2, "r9=1 w9=2");
    expect(check("read-uncommitted", did(3, "w9=1"), lostOrder).valid).toBe(true);
  });

  test("tells write cycles as such only where no specific cycle does", () => {
    const cycle = together("w0=1 r1=1 w1=2", "w1=1 r0=1 w0=2");
    expect(check("read-uncommitted", cycle).anomalyTypes).toEqual(["PL-1-cycle-exists"]);
  });

  test("flags stale reads by what order it takes to see them", () => {
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

  test("tells a stale read by what had ended and what began", () => {
    const { explanation } = check("strict-serializable", did(0, "w0=1"), did(1, "r0"));
    expect(explanation[0]?.sentence).toBe(
      "A transaction missed a write that came before it, " +
        "in view of what had ended before the rest began: " +
        "T1 read key 0 = null, and T2 wrote 1, a later version (rw); " +
        "T2 had ended, at index 1, when T1 began, at index 2 (realtime). " +
        "T1 is process 1's txn at 0.004 s, T2 is process 0's txn at 0.002 s",
    );
  });

  test("does not find a history valid in which nothing depends on anything", () => {
    const unrelated = [did(0, "w0=1"), did(1, "w1=1")];
    expect(check("serializable", ...unrelated)).toMatchObject({
      valid: false,
      anomalyTypes: ["empty-transaction-graph"],
      counts: {},
    });
    expect(check("strict-serializable", ...unrelated).valid).toBe(true);
  });

  test("takes a transaction that only depends on itself for one that depends on something", () => {
    expect(check("serializable", did(0, "r0 w0=1")).valid).toBe(true);
  });

  test("names the weakest models that do not hold, and those that fall with them", () => {
    const verdict = check("serializable", together("r0 r1 w0=1", "r0 r1 w1=1"));
    expect(verdict.not).toEqual(["repeatable-read"]);
    expect(verdict.alsoNot).toEqual([
      "serializable",
      "strong-serializable",
      "strong-session-serializable",
    ]);
  });

  test("cannot judge a value that was read and written twice, but one that nobody read", () => {
    const twice = [did(0, "w0=1"), did(1, "w0=1")];
    expect(() => check("serializable", ...twice, did(2, "r0=1"))).toThrow(
      "Key 0 had value 1 written by more than one transaction",
    );
    expect(check("serializable", ...twice, did(2, "r0")).valid).toBe(true);
  });

  test("has nothing to go by where keys are of different sorts", () => {
    const text: Json = [["r", "0", null]];
    expect(() => check("serializable", did(0, "w0=1"), whole(1, "txn", text))).toThrow(
      expect.objectContaining({ name: "FatalCheckError" }),
    );
  });

  test("cannot judge by an unknown model, nor what is no transaction", () => {
    expect(() => check("serialisable", did(0, "w0=1"))).toThrow(
      'Unknown consistency model "serialisable"',
    );
    expect(() => check("serializable", whole(0, "txn", "w0=1"))).toThrow(
      "Operation 1 is no transaction",
    );
  });

  test("reads keys that are names of JavaScript's own objects", () => {
    const value: Json = [
      ["r", "__proto__", 1],
      ["w", "__proto__", 2],
    ];
    const verdict = check("serializable", whole(0, "txn", value), whole(1, "txn", value));
    expect(verdict.counts).toMatchObject({ "lost-update": 1 });
  });
});
