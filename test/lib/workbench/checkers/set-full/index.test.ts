import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { jsonKey } from "../../../../../lib/protocol/json-key.ts";
import { type Json, parseJson } from "../../../../../lib/vortex/index.ts";
import { checkSetFull } from "../../../../../lib/workbench/checkers/set-full/index.ts";
import type { History, Operation } from "../../../../../lib/workbench/history/history.ts";
import {
  at,
  fail,
  history,
  info,
  invoke,
  ok,
  whole,
} from "../../../../support/histories/history.ts";

const add = (process: number, element: Json) => whole(process, "add", element);
const read = (process: number, elements: readonly Json[]) => whole(process, "read", null, elements);

describe("checkSetFull", () => {
  test("calls an element stable if the last invoked read contains it", () => {
    expect(checkSetFull(history(add(0, 1), read(0, [1])))).toMatchObject({
      valid: true,
      attemptCount: 1,
      stableCount: 1,
      stableLatencies: { 0: 0, 0.5: 0, 0.95: 0, 0.99: 0, 1: 0 },
    });
  });

  test("calls an acknowledged element lost if a later read lacks it, and describes both", () => {
    const verdict = checkSetFull(
      history(
        [at(1000, invoke(1, "add", 17)), at(3020, ok(1))],
        [at(4210, invoke(3, "read")), at(4220, ok(3, []))],
      ),
    );
    expect(verdict).toMatchObject({ valid: false, lostCount: 1, lost: [17] });
    expect(verdict.lostLatencies).toMatchObject({ 0: 0, 1: 0 });
    expect(verdict.explanation?.[0]?.sentence).toBe(
      "element 17, acknowledged to process 1 at 3.020 s, was missing from process 3's read at " +
        "4.210 s and not returned after that; no read ever returned it",
    );
    expect(verdict.explanation?.[0]?.operations.map(({ index }) => index)).toEqual([0, 1, 2]);
  });

  test("treats a broadcast like an addition", () => {
    const broadcast = history(whole(0, "broadcast", 1), read(0, []));
    expect(checkSetFull(broadcast)).toMatchObject({ valid: false, lost: [1] });
  });

  test("accepts a read without an element that was acknowledged after the read's invocation", () => {
    const overlapping = history(invoke(0, "add", 1), invoke(1, "read"), ok(0), ok(1, []));
    expect(checkSetFull(overlapping)).toMatchObject({ valid: "unknown", neverRead: [1] });
  });

  test("orders reads by invocation, not by completion", () => {
    const overlapping = history(add(0, 1), [
      invoke(1, "read"),
      invoke(2, "read"),
      ok(2, [1]),
      ok(1, []),
    ]);
    expect(checkSetFull(overlapping)).toMatchObject({ valid: true, stableCount: 1 });
  });

  test("names the nodes whose final reads all lack a lost element", () => {
    const verdict = checkSetFull(
      history(
        [at(300, invoke(0, "add", 4)), at(357, ok(0))],
        finalRead(1, "n0", [4]),
        finalRead(4, "n4", []),
        finalRead(9, "n4", []),
      ),
    );
    expect(verdict.valid).toBe(false);
    expect(verdict.explanation?.[0]?.sentence).toBe(
      "element 4, acknowledged to process 0 at 0.357 s, was missing from every final read of n4; " +
        "it is lost: the read invoked last, process 9's read on n4 at 0.362 s, lacks it; " +
        "the last read with it, process 1's read on n0 at 0.358 s, was invoked 4 ms earlier",
    );
  });

  test("tells an element that a node never returned from one that became visible late", () => {
    const verdict = checkSetFull(
      history(
        [at(300, invoke(0, "add", 4)), at(357, ok(0))],
        finalRead(4, "n4", []),
        finalRead(1, "n0", [4]),
      ),
    );
    expect(verdict.valid).toBe(true);
    expect(verdict.explanation?.[0]).toMatchObject({
      anomaly: "stale",
      sentence:
        "element 4, acknowledged to process 0 at 0.357 s, was missing from every final read of n4; " +
        "it is not lost: the read invoked last, process 1's read on n0 at 0.360 s, has it; " +
        "the last read without it, process 4's read on n4 at 0.358 s, was invoked 2 ms earlier",
    });
  });

  test.each([
    [1_500, "was invoked 1.5 µs earlier"],
    [0, "was invoked at the same time, just before in the history"],
  ])("orders reads whose printed times are equal, %i ns apart", (gap, expected) => {
    const operations = history(
      add(0, 4),
      finalRead(1, "n0", [4]).map((entry) => at(3, entry)),
      finalRead(4, "n4", []).map((entry) => at(3 + gap / 1e6, entry)),
    );
    const verdict = checkSetFull(operations);
    expect(verdict.lost).toEqual([4]);
    expect(verdict.explanation?.[0]?.sentence).toEndWith(expected);
  });

  test("calls what was broadcast a value, and what was added to a set an element", () => {
    const sentenceOf = (f: string) =>
      checkSetFull(history(whole(0, f, 7), read(1, []))).explanation?.[0]?.sentence;
    expect(sentenceOf("broadcast")).toStartWith("value 7,");
    expect(sentenceOf("add")).toStartWith("element 7,");
  });

  test("describes eight lost elements, and counts the others", () => {
    const elements = Array.from({ length: 20 }, (_, element) => add(0, element));
    const { lostCount, explanation = [] } = checkSetFull(history(...elements, read(1, [])));
    expect(lostCount).toBe(20);
    expect(explanation.map(({ moreCount }) => moreCount)).toEqual([
      ...Array(7).fill(undefined),
      12,
    ]);
  });

  test("measures latency from acknowledgement to the invocation of the last read without it", () => {
    const verdict = checkSetFull(
      history(
        [at(900, invoke(0, "add", 1)), at(990, invoke(1, "read")), at(1000, ok(0))],
        [at(1010, ok(1, [])), at(1150, invoke(1, "read")), at(1400, ok(1, []))],
        [at(1160, invoke(2, "read")), at(1500, ok(2, [1]))],
      ),
    );
    expect(verdict).toMatchObject({ valid: true, stale: [1], staleCount: 1 });
    expect(verdict.stableLatencies).toMatchObject({ 0: 150, 1: 150 });
    expect(verdict.worstStale).toMatchObject([{ element: 1, stableLatency: 150 }]);
    expect(verdict.explanation?.[0]?.sentence).toBe(
      "element 1 was missing from reads until 150 ms after it was acknowledged to process 0 at " +
        "1.000 s; last from process 1's read at 1.150 s",
    );
  });

  test("treats an element as known from the first read of it, whatever its addition's outcome", () => {
    const shown = [read(1, [1]), read(1, [])];
    for (const end of [fail(0), info(0)]) {
      const verdict = checkSetFull(history(invoke(0, "add", 1), end, ...shown));
      expect(verdict).toMatchObject({ valid: false, lost: [1] });
    }
  });

  test("is unknown if no element was acknowledged or read", () => {
    const verdict = checkSetFull(history(invoke(0, "add", 1), info(0), read(1, [])));
    expect(verdict).toMatchObject({ valid: "unknown", neverReadCount: 1 });
    expect(verdict).not.toHaveProperty("stableLatencies");
    expect(verdict.explanation?.[0]?.sentence).toBe(
      "no read returned any element: 1 addition attempted, 1 ok read",
    );
  });

  test("ignores reads that were not ok", () => {
    const failed = history(add(0, 1), read(0, [1]), invoke(0, "read"), fail(0));
    expect(checkSetFull(failed).valid).toBe(true);
  });

  test("treats null as an empty read", () => {
    expect(checkSetFull(history(add(0, 1), whole(0, "read", null))).lost).toEqual([1]);
  });

  test("reports repeated and unexpected elements without affecting the verdict", () => {
    const verdict = checkSetFull(history(add(0, 1), read(0, [1, 1]), read(1, [1, 5])));
    expect(verdict).toMatchObject({ valid: true, duplicatedCount: 0, attemptCount: 1 });
    expect(verdict.explanation?.map(({ sentence }) => sentence)).toEqual([
      "process 0's read at 0.003 s returned 1 more than once " +
        "(this does not make the test invalid)",
      "process 1's read at 0.005 s returned 5, which no client added " +
        "(this does not make the test invalid)",
    ]);
  });

  test("distinguishes integers that a double cannot represent", () => {
    const [even, odd] = ["9007199254740992", "9007199254740993"].map(
      (text) => parseJson(text) as Json,
    );
    const verdict = checkSetFull(
      history(add(0, even ?? 0), add(0, odd ?? 0), read(0, [even ?? 0])),
    );
    expect(jsonKey([...verdict.lost])).toBe("[9007199254740993]");
  });

  test("computes quantiles without interpolation", () => {
    const elements = Array.from({ length: 20 }, (_, element) => element);
    // Element e is missed for e × 10 ms after it was acknowledged at 1 s.
    const verdict = checkSetFull(
      history(
        elements.flatMap((element) => [
          at(900, invoke(element, "add", element)),
          at(1000, ok(element)),
        ]),
        elements.flatMap((missing) => [
          at(1000 + missing * 10, invoke(99, "read")),
          at(1001 + missing * 10, ok(99, elements.slice(0, missing))),
        ]),
        read(99, elements),
      ),
    );
    expect(verdict.stableLatencies).toEqual({ 0: 0, 0.5: 100, 0.95: 190, 0.99: 190, 1: 190 });
  });

  test("agrees with the definition, element by element", () => {
    fc.assert(
      fc.property(setHistories, (operations) => {
        const verdict = checkSetFull(operations);
        const outcomes = { stable: [], lost: [], "never-read": [] } as Record<Outcome, Json[]>;
        for (const { type, f, value } of operations) {
          if (type === "invoke" && f === "add") outcomes[outcome(operations, value)].push(value);
        }
        expect(verdict.lost).toEqual(outcomes.lost);
        expect(verdict.neverRead).toEqual(outcomes["never-read"]);
        expect(verdict.stableCount).toBe(outcomes.stable.length);
      }),
    );
  });

  test("never flags a set that keeps every element", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 30 }), (adds) => {
        const elements: number[] = [];
        const entries = adds.map((isAdd, position) => {
          if (!isAdd) return read(0, [...elements]);
          elements.push(position);
          return add(0, position);
        });
        expect(checkSetFull(history(...entries, read(0, elements))).lost).toEqual([]);
      }),
    );
  });
});

type Outcome = "stable" | "lost" | "never-read";

/** The definition, read by read. */
function outcome(operations: History, element: Json): Outcome {
  const added = operations.findIndex(({ f, value }) => f === "add" && value === element);
  const reads = operations
    .filter(({ type, f, index }) => type === "ok" && f === "read" && index > added)
    .map((completion) => ({ completion, invokedAt: invocationOf(operations, completion) }));
  const shows = (completion: Operation) => (completion.value as Json[]).includes(element);
  const present = Math.max(
    -1,
    ...reads.filter((read) => shows(read.completion)).map((read) => read.invokedAt),
  );
  const absent = Math.max(
    -1,
    ...reads.filter((read) => !shows(read.completion)).map((read) => read.invokedAt),
  );
  const known = operations.find(
    (operation) =>
      operation.type === "ok" &&
      (operation.f === "add" ? operation.value === element : shows(operation)),
  );
  if (present > absent) return "stable";
  return known !== undefined && known.index < absent ? "lost" : "never-read";
}

/** A final read. */
function finalRead(process: number, node: string, elements: readonly Json[]) {
  return [
    { ...invoke(process, "read"), node, final: true },
    { ...ok(process, elements), node, final: true },
  ];
}

function invocationOf(operations: History, { process, index }: Operation): number {
  return operations.findLastIndex(
    (operation) => operation.process === process && operation.index < index,
  );
}

/** Elements 0, 1, ... added, and reads of any of those, by three processes. */
const setHistories = fc
  .array(
    fc.record({
      process: fc.nat({ max: 2 }),
      isAdd: fc.boolean(),
      end: fc.constantFrom("ok", "fail"),
      shown: fc.nat({ max: 63 }),
    }),
    { maxLength: 20 },
  )
  .map((steps) => {
    const open = new Map<number, "add" | "read">();
    let added = 0;
    return history(
      steps.map(({ process, isAdd, end, shown }) => {
        const f = open.get(process);
        if (f === undefined) {
          open.set(process, isAdd ? "add" : "read");
          return isAdd ? invoke(process, "add", added++) : invoke(process, "read");
        }
        open.delete(process);
        if (end === "fail") return fail(process);
        if (f === "add") return ok(process);
        const elements = Array.from({ length: added }, (_, element) => element);
        return ok(
          process,
          elements.filter((element) => (shown >> element) % 2 === 1),
        );
      }),
    );
  });
