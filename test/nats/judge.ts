/** Judges the histories of services. */
import { isArray } from "../../lib/protocol/json-key.ts";
import type { Json } from "../../lib/vortex/index.ts";
import { sequential } from "../../lib/workbench/checkers/linearizable/index.ts";
import { checkLinearizable } from "../../lib/workbench/checkers/register/linearizable.ts";
import { type History, pairs } from "../../lib/workbench/history/history.ts";
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

function tuple(value: Json | undefined): readonly [Json, Json] {
  const json = value ?? null;
  const [first = null, second = null] = isArray(json) ? json : [];
  return [first, second];
}

function same(one: Json | undefined, other: Json): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
