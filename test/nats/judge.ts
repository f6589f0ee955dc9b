/** Judges the histories of services. */
import { isArray } from "../../lib/protocol/json-key.ts";
import type { Json } from "../../lib/vortex/index.ts";
import { sequential } from "../../lib/workbench/checkers/linearizable/index.ts";
import { checkLinearizable } from "../../lib/workbench/checkers/register/linearizable.ts";
import { type History, type Operation, pairs } from "../../lib/workbench/history/history.ts";
import { MISSING } from "./operations.ts";

/** Sentences about violations. */
export type Findings = readonly string[];

export function judgeLinKv(history: History): Findings {
  const { valid, explanation = [] } = checkLinearizable(history);
  if (valid === true) return [];
  return [`lin-kv: ${valid}`, ...explanation.map(({ sentence }) => sentence)];
}

type Values = { readonly [key: string]: Json };

const checkSequential = sequential({
  init: (): Values => ({}),
  isRead: ({ f }) => f === "read",
  step(state, { f, value, result }) {
    const [key, argument] = tuple(value);
    const current = state[String(key)] ?? MISSING;
    if (f === "read")
      return result === undefined || same(tuple(result)[1], current) ? state : undefined;
    if (f === "write") return { ...state, [String(key)]: argument };
    const [from, to] = tuple(argument);
    return same(from, current) ? { ...state, [String(key)]: to } : undefined;
  },
});

/** Judges seq-kv. Keys are `[epoch, number]`: each epoch is judged alone, all its keys together. */
export function judgeSeqKv(history: History): Findings {
  const epochs = Map.groupBy(history, ({ value }) => tuple(tuple(value)[0])[0]);
  return [...epochs].flatMap(([epoch, operations]) => {
    const { valid, explanation = [] } = checkSequential(
      operations.map((operation, index) => ({ ...operation, index })),
      {},
    );
    if (valid === true) return [];
    return [
      `seq-kv, keys of epoch ${epoch}: ${valid}`,
      ...explanation.map(({ sentence }) => sentence),
    ];
  });
}

/** The values of a key that each host read after the faults. */
export interface FinalReads {
  readonly key: Json;
  readonly values: readonly Json[];
}

/** A change of a key to a value that no other one writes. */
interface LwwWrite {
  readonly calledAt: number;
  /** Infinity if it may still have its effect. */
  readonly returnedAt: number;
  readonly type: Operation["type"];
}

/**
 * Judges lww-kv, whose values are written once. A read returns what some change wrote, perhaps an old
 * value, but no value of a change that failed, and none before its change began.
 */
export function judgeLwwReads(history: History): Findings {
  const writes = lwwWrites(history);
  return pairs(history)
    .flatMap(({ invocation: { f, value }, completion }) => {
      if (completion?.type !== "ok") return [];
      const [key, argument] = tuple(value);
      const seen = f === "read" ? tuple(completion.value)[1] : f === "cas" && tuple(argument)[0];
      if (seen === false || same(seen, MISSING)) return [];
      const write = writes.get(JSON.stringify(key))?.get(JSON.stringify(seen));
      const finding = `lww-kv: ${f} of ${JSON.stringify(key)} found ${JSON.stringify(seen)}, which`;
      if (write === undefined) return [`${finding} was never written`];
      if (write.type === "fail") return [`${finding} was refused`];
      return write.calledAt > completion.index ? [`${finding} was written later`] : [];
    })
    .slice(0, 3);
}

/**
 * Judges what is left of lww-kv: all hosts read the value of the last change. Of two changes, the one
 * that was called when the other was acknowledged is the later one, whatever the clocks of hosts say.
 */
export function judgeLwwEnd(history: History, reads: readonly FinalReads[]): Findings {
  const writes = lwwWrites(history);
  return reads
    .flatMap(({ key, values }) => {
      const name = `lww-kv, key ${JSON.stringify(key)}:`;
      const [value = MISSING] = values;
      if (values.some((other) => !same(other, value))) {
        return [`${name} hosts read different values, ${JSON.stringify(values)}`];
      }
      const ofKey = writes.get(JSON.stringify(key)) ?? new Map<string, LwwWrite>();
      const { returnedAt } = ofKey.get(JSON.stringify(value)) ?? { returnedAt: -1 };
      const lost = [...ofKey].find(
        ([, { type, calledAt }]) => type === "ok" && calledAt > returnedAt,
      );
      if (lost === undefined) return [];
      return [`${name} hosts read ${JSON.stringify(value)}, though ${lost[0]} was written later`];
    })
    .slice(0, 3);
}

/** The changes by their keys and values, as JSON. */
function lwwWrites(history: History): ReadonlyMap<string, ReadonlyMap<string, LwwWrite>> {
  const writes = new Map<string, Map<string, LwwWrite>>();
  for (const { invocation, completion } of pairs(history)) {
    const { f, value, index: calledAt } = invocation;
    if (f === "read") continue;
    const [key, argument] = tuple(value);
    const written = f === "cas" ? tuple(argument)[1] : argument;
    const type = completion?.type ?? "info";
    const returnedAt = completion?.type === "ok" ? completion.index : Number.POSITIVE_INFINITY;
    const ofKey = writes.getOrInsertComputed(JSON.stringify(key), () => new Map());
    ofKey.set(JSON.stringify(written), { calledAt, returnedAt, type });
  }
  return writes;
}

/** A timestamp is greater than each one that was received before it was asked for. */
export function judgeTimestamps(history: History): Findings {
  const findings: string[] = [];
  const seen = new Set<number>();
  const received = pairs(history)
    .flatMap(({ invocation, completion }) =>
      completion?.type === "ok"
        ? [{ called: invocation.index, returned: completion.index, ts: Number(completion.value) }]
        : [],
    )
    .sort((one, other) => one.returned - other.returned);
  for (const { called, ts } of received.toSorted((one, other) => one.called - other.called)) {
    if (seen.has(ts)) findings.push(`lin-tso: ${ts} was given twice`);
    seen.add(ts);
    const before = received.filter(({ returned }) => returned < called);
    const highest = Math.max(...before.map((each) => each.ts));
    if (before.length > 0 && ts <= highest) {
      findings.push(`lin-tso: ${ts} was given after ${highest}`);
    }
  }
  return findings.slice(0, 3);
}

/** Returns the two elements of an array; null for those that are missing. */
export function tuple(value: Json | undefined): readonly [Json, Json] {
  const json = value ?? null;
  const [first = null, second = null] = isArray(json) ? json : [];
  return [first, second];
}

function same(one: Json | undefined, other: Json): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
