import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Json } from "../../../../../lib/vortex/index.ts";
import { checkTxnListAppend } from "../../../../../lib/workbench/checkers/elle/txn-list-append.ts";
import { readHistories } from "../../../../../lib/workbench/store/stored-history.ts";
import {
  type Entry,
  fail,
  history,
  info,
  invoke,
  ok,
  whole,
} from "../../../../support/histories/history.ts";
import { handwritten } from "../../../../support/histories/transactions.ts";

/** `"a0=1 r0=1,2"`: append 1 to key 0, then read it as `[1, 2]`. */
function txn(text: string): Json {
  return text.split(" ").map((step) => {
    const [, f = "", key = "", list] = /^(\w)(\d+)(?:=([\d,]*))?$/.exec(step) ?? [];
    const elements = list?.split(",").filter(Boolean).map(Number);
    if (f === "a") return ["append", Number(key), elements?.[0] ?? null];
    return ["r", Number(key), elements ?? null];
  });
}

const { did, together } = handwritten(txn);

function check(model: string, ...entries: readonly (Entry | readonly Entry[])[]) {
  return checkTxnListAppend(history(...entries), { consistencyModels: [model] });
}

describe("checkTxnListAppend", () => {
  test("accepts strictly serializable transactions", () => {
    expect(
      check("strict-serializable", did(0, "r0 a0=1 r0=1"), did(1, "a0=2"), did(0, "r0=1,2")),
    ).toMatchObject({ valid: true, anomalyTypes: [], counts: {}, explanation: [] });
  });

  test("flags interleaved appends (G0)", () => {
    const verdict = check("read-uncommitted", together("a0=1 a1=1", "a0=2 a1=2", "r0=1,2 r1=2,1"));
    expect(verdict).toMatchObject({ valid: false, anomalyTypes: ["G0"] });
    expect(verdict.explanation[0]?.sentence).toContain(
      "T1 appended 1 to key 0, after which T2 appended 2 (ww); " +
        "T2 appended 2 to key 1, after which T1 appended 1 (ww)",
    );
  });

  test("flags every aborted element that is read (G1a), and an append after it", () => {
    const verdict = check(
      "read-committed",
      [invoke(0, "txn", txn("a0=1")), fail(0)],
      did(1, "a0=2"),
      did(2, "r0=1,2"),
      did(2, "r0=1"),
    );
    expect(verdict.counts).toEqual({ G1a: 2, "dirty-update": 1 });
    expect(verdict.not).toEqual(["read-committed"]);
  });

  test("accepts reads of an element that an indefinite transaction appended", () => {
    expect(
      check("read-committed", [invoke(0, "txn", txn("a0=1")), info(0)], did(1, "r0=1")).valid,
    ).toBe(true);
  });

  test("flags a list that ends in the middle of another's appends (G1b)", () => {
    expect(
      check("read-committed", did(0, "a0=1 r0=1 a0=2"), did(1, "r0=1"), did(1, "r0=1,2")).counts,
    ).toEqual({ G1b: 1 });
  });

  test("flags transactions that read each other's appends (G1c)", () => {
    const verdict = check("read-committed", together("a0=1 r1=1", "a1=1 r0=1"));
    expect(verdict.anomalyTypes).toEqual(["G1c"]);
    expect(verdict.explanation[0]?.sentence).toContain(
      "T1 appended 1 to key 1, which T2 read (wr); T2 appended 1 to key 0, which T1 read (wr)",
    );
  });

  test("flags a fractured read (G-single-item), and names the element it missed", () => {
    const verdict = check("snapshot-isolation", together("a0=1 a1=1", "r0=1 r1"));
    expect(verdict.anomalyTypes).toEqual(["G-single-item"]);
    expect(verdict.explanation[0]?.sentence).toContain(
      "T1 read key 1 as empty, missing 1, which T2 appended (rw)",
    );
  });

  test("flags write skew (G2-item), which snapshot isolation allows", () => {
    const skew = [together("r0 a1=1", "r1 a0=1"), did(2, "r0=1 r1=1")];
    expect(check("serializable", ...skew).anomalyTypes).toEqual(["G2-item"]);
    expect(check("snapshot-isolation", ...skew).valid).toBe(true);
  });

  test("flags reads of which neither is a prefix of the other (incompatible-order)", () => {
    const verdict = check("read-committed", together("a0=1", "a0=2", "r0=1", "r0=2"));
    expect(verdict.counts).toEqual({ "incompatible-order": 1 });
    expect(verdict.explanation[0]?.sentence).toMatch(/read key 0 = \[.\], which is not a prefix/);
  });

  test("flags an element that occurs twice in a list, once per read", () => {
    expect(
      check("read-uncommitted", did(0, "a0=1"), did(1, "r0=1,1"), did(1, "r0=1")).counts,
    ).toEqual({ "duplicate-elements": 1 });
  });

  test("flags reads of an element that the transaction appends later (future-read)", () => {
    expect(check("read-atomic", did(0, "r0=1 a0=1"), did(1, "r0=1")).counts).toMatchObject({
      "future-read": 1,
    });
  });

  test.each([
    ["a read that lacks the transaction's own append", "r0=1 a0=2 r0=1"],
    ["a read that does not end with the transaction's own append", "a0=2 r0=2,1"],
    ["a read that differs from an earlier one", "r0=1 r0=1,2"],
    ["null after an empty list", "r0= r0"],
  ])("flags %s (internal)", (_, answer) => {
    const appends = together("a0=1", answer.includes("a0=2") ? "r0" : "a0=2");
    expect(check("serializable", appends, did(2, answer)).counts).toMatchObject({ internal: 1 });
  });

  test.each([
    ["a first read of anything", "a0=2 r0=1,2"],
    ["null before a list", "r0 r0=1"],
    ["its own append on top of an earlier read", "r0=1 a0=2 r0=1,2"],
  ])("does not flag %s as internal", (_, answer) => {
    expect(check("read-atomic", did(1, "a0=1"), did(2, answer)).counts).not.toHaveProperty(
      "internal",
    );
  });

  test("flags lost updates, where null and the empty list are different reads", () => {
    const lost = [did(0, "r0 a0=1"), did(1, "r0 a0=2")];
    expect(check("cursor-stability", ...lost).counts).toEqual({ "lost-update": 1 });
    expect(check("cursor-stability", did(0, "r0 a0=1"), did(1, "r0= a0=2")).counts).toEqual({});
  });

  test("treats null and the empty list as the same initial state elsewhere", () => {
    for (const read of ["r0", "r0="]) {
      const stale = [did(0, "a0=1"), did(1, read), did(2, "r0=1")];
      expect(check("strict-serializable", ...stale).anomalyTypes).toEqual([
        "G-single-item-realtime",
      ]);
    }
  });

  test("orders the only append to a key that was never read", () => {
    expect(check("strict-serializable", did(0, "a0=1"), did(1, "r0")).valid).toBe(false);
  });

  test("orders unread elements after all elements that were read", () => {
    const verdict = check("strict-serializable", did(0, "a0=1"), did(0, "a0=2"), did(1, "r0=1"));
    expect(verdict.anomalyTypes).toEqual(["G-single-item-realtime"]);
  });

  test("is unknown if no transaction depends on another", () => {
    for (const unrelated of [[did(0, "a0=1"), did(1, "a1=1")], [did(0, "r0 a0=1")]]) {
      expect(check("serializable", ...unrelated)).toMatchObject({
        valid: "unknown",
        anomalyTypes: ["empty-transaction-graph"],
        not: [],
      });
    }
  });

  test.each([
    ["ok and failed", [did(0, "a0=1"), invoke(1, "txn", txn("a0=1")), fail(1)]],
    ["one transaction's", [did(0, "a0=1 a0=1")]],
  ])("throws on an element that was appended twice: %s", (_, entries) => {
    expect(() => check("serializable", ...entries)).toThrow(
      "Element 1 was appended to key 0 more than once",
    );
  });

  test("throws a FatalCheckError if an element was read that was never appended", () => {
    expect(() => check("serializable", did(0, "a0=1"), did(1, "r0=1,7"))).toThrow(
      expect.objectContaining({
        name: "FatalCheckError",
        message: expect.stringContaining("Key 0 was read as [1,7], but 7 was never appended"),
      }),
    );
  });

  test.each([
    ["is missing from the completion", [ok(0, txn("r1"))]],
    ["does not complete", []],
  ])("throws a FatalCheckError if the only append to an unread key %s", (_, end) => {
    expect(() => check("serializable", invoke(0, "txn", txn("a0=1")), end)).toThrow(
      expect.objectContaining({ name: "FatalCheckError" }),
    );
    const others = [...did(1, "a0=2"), ...did(1, "r0=2")];
    expect(check("serializable", invoke(0, "txn", txn("a0=1")), end, others).valid).toBe(true);
  });

  test("throws on steps that are neither reads nor appends, and on reads of other values", () => {
    expect(() => check("serializable", whole(0, "txn", [["w", 0, 1]]))).toThrow('"w"');
    expect(() => check("serializable", whole(0, "txn", [["r", 0, 1]]))).toThrow("Not a list");
  });
});

/** Reads a history from `testdata`, and checks it. */
async function checkFile(name: string, model: string) {
  const [stored] = await Array.fromAsync(
    readHistories(text(join(import.meta.dir, "testdata", name))),
  );
  return checkTxnListAppend(stored?.history ?? [], { consistencyModels: [model] });
}

async function* text(file: string): AsyncGenerator<string> {
  yield await Bun.file(file).text();
}

describe("Of several longest lists of a key, checkTxnListAppend believes Elle's choice:", () => {
  test("[2] rather than [5], which was never appended", async () => {
    const verdict = await checkFile("list-append-tie-a.edn", "read-uncommitted");
    expect(verdict).toMatchObject({ valid: true, anomalyTypes: [] });
  });

  test("[2] rather than [5], so no transaction depends on another", async () => {
    const verdict = await checkFile("list-append-tie-b.edn", "read-uncommitted");
    expect(verdict).toMatchObject({ valid: "unknown", anomalyTypes: ["empty-transaction-graph"] });
  });

  test("[1, 1] or [1, 8], which decides the types of cycles", async () => {
    const verdict = await checkFile("list-append-tie-c.edn", "snapshot-isolation");
    expect(verdict).toMatchObject({
      valid: false,
      anomalyTypes: ["G-single-item", "G0", "duplicate-elements", "incompatible-order"],
    });
  });
});

describe("checkTxnListAppend counts null", () => {
  test("as an empty transaction", () => {
    const entries = [did(0, "a0=1 r0=1"), whole(1, "txn", txn("r0"), null), did(0, "r0=1")];
    expect(check("strict-serializable", ...entries)).toMatchObject({ valid: true });
  });
});
