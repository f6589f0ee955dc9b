import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Json, Random } from "../../../../../lib/vortex/index.ts";
import { pickOne, randomInteger } from "../../../../../lib/vortex/random.ts";
import { checkKafka } from "../../../../../lib/workbench/checkers/kafka/index.ts";
import type { Operation, OperationType } from "../../../../../lib/workbench/history/history.ts";
import { kafkaHistory } from "../../../../support/histories/kafka-model.ts";
import { randoms } from "../../../../support/seeds.ts";
import { expectedVerdict } from "./oracle.ts";

test("checkKafka never flags a correct log", () => {
  const options = fc.record({
    operations: fc.nat(300),
    threads: fc.integer({ min: 1, max: 8 }),
    keys: fc.integer({ min: 1, max: 5 }),
    messagesPerKey: fc.integer({ min: 1, max: 16 }),
    messagesPerPoll: fc.integer({ min: 1, max: 5 }),
    failures: fc.double({ min: 0, max: 0.4, noNaN: true }),
    infos: fc.double({ min: 0, max: 0.4, noNaN: true }),
    assigns: fc.double({ min: 0, max: 0.4, noNaN: true }),
    crashes: fc.double({ min: 0, max: 0.4, noNaN: true }),
    finalPollers: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(randoms(), options, (random, model) => {
      expect(checkKafka(kafkaHistory(random, model), {}).explanation).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("checkKafka agrees with the definitions on small histories", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(anyHistory(), (history) => {
      const expected = expectedVerdict(history);
      if (expected === undefined) {
        seen.add("threw");
        expect(() => checkKafka(history, {})).toThrow();
        return;
      }
      const { counts, unseen = {}, errorTypes, worstRealtimeLag } = checkKafka(history, {});
      for (const type of errorTypes) seen.add(type);
      expect([...errorTypes]).toEqual(Object.keys(expected.counts).sort());
      expect(withoutCycles(counts)).toEqual(withoutCycles(expected.counts));
      expect([unseen, worstRealtimeLag]).toEqual([expected.unseen, expected.worstRealtimeLag]);
    }),
    { numRuns: 1000 },
  );
  // Every type of error occurred.
  expect([...seen].sort()).toEqual([
    "G1a",
    "G1c-realtime",
    "duplicate",
    "empty-transaction-graph",
    "inconsistent-offsets",
    "int-nonmonotonic-poll",
    "int-poll-skip",
    "lost-write",
    "nonmonotonic-poll",
    "nonmonotonic-send",
    "poll-skip",
    "strong-PL-2-cycle-exists",
    "threw",
    "unseen",
  ]);
});

/** Omits counts that depend on the search: those of cycles and of unseen keys. */
function withoutCycles(counts: { readonly [anomaly: string]: number }): object {
  const { "G1c-realtime": _, "strong-PL-2-cycle-exists": __, unseen: ___, ...others } = counts;
  return others;
}

/** Histories of clients and logs with many occasional errors. */
function anyHistory(): fc.Arbitrary<Operation[]> {
  return fc.tuple(randoms(), fc.nat(80), fc.integer({ min: 1, max: 3 })).map(messyHistory);
}

function messyHistory([random, size, processes]: [Random, number, number]): Operation[] {
  const history: Operation[] = [];
  const logs = new Map<string, [offset: number, message: number][]>([
    ["0", []],
    ["1", []],
  ]);
  const open = new Map<number, Operation>();
  const sent = new Map<string, number>();
  const happens = (probability: number) => random.next() < probability;
  const upTo = (bound: number) => randomInteger(random, bound + 1);
  let time = 0;
  const record = (process: number, type: OperationType, f: string, value: Json) => {
    time += 1e6 * upTo(5);
    const operation = { index: history.length, time, type, process, f, value };
    history.push(operation);
    return operation;
  };
  const anyEntries = (key: string): Json => {
    const log = logs.get(key) ?? [];
    const start = upTo(log.length);
    const entries = log.slice(start, start + upTo(3));
    if (happens(0.05)) entries.push([upTo(4), 1 + upTo(Math.min(8, sent.get(key) ?? 0))]);
    if (happens(0.05)) entries.reverse();
    if (happens(0.05)) entries.splice(1, 1);
    return entries;
  };
  const begin = (process: number) => {
    const key = pickOne(random, [...logs.keys()]);
    const message = (sent.get(key) ?? 0) + 1;
    if (happens(0.1))
      return record(
        process,
        "invoke",
        "assign",
        [...logs.keys()].filter(() => happens(0.6)),
      );
    if (message > 9 || happens(0.5)) return record(process, "invoke", "poll", [["poll"]]);
    sent.set(key, message);
    return record(process, "invoke", "send", [["send", key, message]]);
  };
  const end = ({ f, value }: Operation, process: number) => {
    const draw = random.next();
    const type = draw < 0.1 ? "fail" : draw < 0.2 ? "info" : "ok";
    if (f === "send") {
      const [[, key, message]] = value as [[string, string, number]];
      const log = logs.get(key) ?? [];
      const offset = happens(0.1) ? upTo(5) : (log.at(-1)?.[0] ?? -1) + 1 + (happens(0.1) ? 2 : 0);
      if (type === "ok" || happens(0.4)) log.push([offset, message]);
      const shows = type === "ok" || (type === "info" && happens(0.3));
      record(process, type, f, [["send", key, shows ? [offset, message] : message]]);
    } else if (f === "poll" && (type === "ok" || happens(0.3))) {
      const returned = [...logs.keys()]
        .filter(() => happens(0.6))
        .map((key) => [key, anyEntries(key)]);
      const kept = returned.filter(([, entries]) => happens(0.2) || (entries as Json[]).length > 0);
      record(process, type, f, [["poll", Object.fromEntries(kept)]]);
    } else {
      record(process, type, f, value);
    }
  };
  while (history.length < size) {
    const process = upTo(processes - 1);
    const operation = open.get(process);
    if (operation === undefined) open.set(process, begin(process));
    else if (open.delete(process)) end(operation, process);
  }
  return history;
}
