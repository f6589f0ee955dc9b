/**
 * A reference implementation of the kafka checker, straight from the definitions: quadratic, with a
 * real search for cycles. For small histories with messages 1 to 9.
 */
import type { Json } from "../../../../../lib/vortex/index.ts";
import {
  type History,
  type Operation,
  pairs,
} from "../../../../../lib/workbench/history/history.ts";

export interface OracleVerdict {
  readonly counts: { readonly [anomaly: string]: number };
  readonly unseen: { readonly [key: string]: number };
  readonly worstRealtimeLag: number;
}

/** These integers in the order of Clojure's hash sets. */
const IN_SET = [7, 1, 4, 6, 3, 2, 9, 5, 8];

type Entry = readonly [offset: number, message: number];

// The shape of operations is known: the generator in properties.test.ts makes them.
function reads({ value }: Operation): [string, Entry[]][] {
  const [[, returned = {}]] = value as [[string, { [key: string]: Entry[] }?]];
  return Object.entries(returned);
}

function sent({ value }: Operation): { key: string; offset?: number; message: number } {
  const [[, key, sent]] = value as [[string, string, number | Entry]];
  return typeof sent === "number"
    ? { key, message: sent }
    : { key, offset: sent[0], message: sent[1] };
}

/** Returns the expected verdict, or undefined if the checker should throw. */
export function expectedVerdict(history: History): OracleVerdict | undefined {
  if (history.length === 0) return undefined;
  const counts = new Map<string, number>();
  const add = (anomaly: string, count = 1) => {
    if (count > 0) counts.set(anomaly, (counts.get(anomaly) ?? 0) + count);
  };
  const all = pairs(history);
  const ended = history.filter(({ type }) => type !== "invoke");
  const sends = ended.filter(({ f }) => f === "send");
  const polls = ended.filter(({ f }) => f === "poll");
  const okPolls = polls.filter(({ type }) => type === "ok");
  const keys = new Set([
    ...sends.map((send) => sent(send).key),
    ...polls.flatMap(reads).map(([key]) => key),
  ]);
  const invocationOf = (completion: Operation) => {
    const pair = all.find((one) => one.completion === completion);
    if (pair === undefined) throw new Error("Every completion has an invocation");
    return pair.invocation;
  };
  const of = (key: string, operations: readonly Operation[]) =>
    operations.flatMap(reads).flatMap(([other, entries]) => (other === key ? entries : []));
  const wasRead = (key: string, message: number) =>
    of(key, okPolls).some(([, other]) => other === message);
  const sendsOf = (key: string, message?: number) =>
    sends.filter((send) => {
      const other = sent(send);
      return other.key === key && (message === undefined || other.message === message);
    });

  const orders = new Map<string, number[]>();
  const unseen = new Map<string, number>();
  const lastOk = ended.findLast(({ type, f }) => type === "ok" && f !== "assign");
  for (const key of keys) {
    const polled = of(key, polls);
    if (polled.some(([, message]) => sendsOf(key, message).length === 0)) return undefined;

    const placed = [...polled];
    for (const send of sendsOf(key)) {
      const { offset, message } = sent(send);
      const counts = send.type === "ok" || (send.type === "info" && wasRead(key, message));
      if (offset !== undefined && counts) placed.push([offset, message]);
    }
    const offsets = [...new Set(placed.map(([offset]) => offset))].sort((a, b) => a - b);
    const sets = offsets.map((offset) => {
      const here = placed.filter((entry) => entry[0] === offset).map(([, message]) => message);
      return IN_SET.filter((message) => here.includes(message));
    });
    orders.set(
      key,
      sets.map(([first = 0]) => first),
    );
    add("inconsistent-offsets", sets.filter((set) => set.length > 1).length);
    add(
      "duplicate",
      IN_SET.filter((message) => sets.filter((set) => set.includes(message)).length > 1).length,
    );

    const firstOf = (message: number) => sets.findIndex((set) => set.includes(message));
    const lastOf = (message: number) => sets.findLastIndex((set) => set.includes(message));
    const readMessages = IN_SET.filter((message) => wasRead(key, message));
    if (okPolls.flatMap(reads).some(([other]) => other === key)) {
      const bound = Math.max(-1, ...readMessages.map(firstOf));
      if (bound === -1) return undefined;
      const lost = IN_SET.filter((message) => {
        const mustBeRead = lastOf(message) !== -1 && lastOf(message) <= bound;
        return mustBeRead && !wasRead(key, message) && sendsOf(key, message).at(-1)?.type === "ok";
      });
      add("lost-write", lost.length);
    }

    // Jepsen's fold: the messages sent and not polled so far; a key that was only polled counts too.
    let missing: Set<number> | undefined;
    const seen = new Set<number>();
    let mentioned = false;
    for (const operation of ended) {
      if (operation.type !== "ok" || operation.f === "assign") continue;
      if (operation.f === "send" && sent(operation).key === key) {
        missing = new Set([...(missing ?? []), sent(operation).message]);
      }
      for (const [other, entries] of operation.f === "poll" ? reads(operation) : []) {
        if (other !== key) continue;
        mentioned = true;
        for (const [, message] of entries) seen.add(message);
      }
      if (missing !== undefined) missing = missing.difference(seen);
      else if (mentioned) missing = new Set(seen);
    }
    if (missing !== undefined && missing.size > 0) unseen.set(key, missing.size);
  }
  if (lastOk !== undefined && unseen.size > 0) add("unseen");

  const step = (key: string, from: number | undefined, to: number | undefined) => {
    const order = orders.get(key) ?? [];
    const [i, j] = [order.lastIndexOf(from ?? 0), order.lastIndexOf(to ?? 0)];
    return i === -1 || j === -1 ? 1 : j - i;
  };
  for (const operation of polls) {
    for (const [key, entries] of reads(operation)) {
      for (let i = 1; i < entries.length; i++) {
        const delta = step(key, entries[i - 1]?.[1], entries[i]?.[1]);
        if (delta > 1) add("int-poll-skip");
        if (delta < 1) add("int-nonmonotonic-poll");
      }
      if (operation.type !== "ok") continue;
      const failed = entries.filter(([, message]) =>
        sendsOf(key, message).some(({ type }) => type === "fail"),
      );
      add("G1a", failed.length);
    }
  }
  for (const process of new Set(ended.map((operation) => operation.process))) {
    const own = ended.filter((operation) => operation.process === process);
    let lastRead = new Map<string, number | undefined>();
    let lastSent = new Map<string, number>();
    for (const operation of own) {
      const { f, type, value } = operation;
      if (f === "assign" && type !== "fail") {
        const assigned = new Set(value as string[]);
        lastRead = new Map([...lastRead].filter(([key]) => assigned.has(key)));
        lastSent = new Map([...lastSent].filter(([key]) => assigned.has(key)));
      }
      if (f === "send" && type !== "fail") {
        const { key, message } = sent(operation);
        if (lastSent.has(key) && step(key, lastSent.get(key), message) < 1)
          add("nonmonotonic-send");
        lastSent.set(key, message);
      }
      for (const [key, entries] of f === "poll" ? reads(operation) : []) {
        const delta = step(key, lastRead.get(key), entries[0]?.[1]);
        if (delta > 1) add("poll-skip");
        if (delta < 1) add("nonmonotonic-poll");
        if (type === "ok") lastRead.set(key, entries.at(-1)?.[1]);
      }
    }
  }

  const vertices = [...sends, ...polls];
  const edges = new Map(vertices.map((from) => [from, new Set<Operation>()]));
  for (const poll of polls) {
    for (const [key, entries] of reads(poll)) {
      for (const [, message] of entries) {
        const send = sendsOf(key, message).at(-1);
        if (send !== undefined) edges.get(send)?.add(poll);
      }
    }
  }
  for (const from of vertices) {
    for (const to of vertices) {
      if (from.type === "ok" && from.index < invocationOf(to).index) edges.get(from)?.add(to);
    }
  }
  if (vertices.every((from) => edges.get(from)?.size === 0)) add("empty-transaction-graph");
  if (vertices.some((vertex) => reaches(edges, vertex))) {
    add("G1c-realtime");
    add("strong-PL-2-cycle-exists");
  }

  return {
    counts: Object.fromEntries(counts),
    unseen: Object.fromEntries(unseen),
    worstRealtimeLag: worstLag(ended, invocationOf) / 1e9,
  };
}

/** Whether a vertex can be reached from itself. */
function reaches(
  edges: ReadonlyMap<Operation, ReadonlySet<Operation>>,
  vertex: Operation,
): boolean {
  const reached = new Set<Operation>();
  const pending = [...(edges.get(vertex) ?? [])];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    pending.push(...(edges.get(next) ?? []));
  }
  return reached.has(vertex);
}

/** The worst lag: for every ok poll and key of its process, since when the next offset existed. */
function worstLag(
  ended: readonly Operation[],
  invocationOf: (completion: Operation) => Operation,
): number {
  const highest = (operation: Operation): [string, number][] => {
    if (operation.f === "poll") {
      return reads(operation).map(([key, entries]) => [
        key,
        Math.max(-1, ...entries.map(([offset]) => offset)),
      ]);
    }
    if (operation.f !== "send") return [];
    const { key, offset } = sent(operation);
    return offset === undefined ? [] : [[key, offset]];
  };
  const knownSince = (key: string, offset: number) =>
    ended.find(({ type }, index) => {
      const operation = ended[index];
      if (type === "fail" || operation === undefined) return false;
      return highest(operation).some(([other, reached]) => other === key && reached >= offset);
    })?.time ?? Number.POSITIVE_INFINITY;

  let worst = 0;
  const processes = new Map<Json, Map<string, number>>();
  for (const operation of ended) {
    const { process, type, f, value } = operation;
    if (type !== "ok" || f === "send") continue;
    let progress = processes.get(process) ?? new Map<string, number>();
    if (f === "assign")
      progress = new Map((value as string[]).map((key) => [key, progress.get(key) ?? -1]));
    processes.set(process, progress);
    if (f !== "poll") continue;
    for (const [key, offset] of highest(operation))
      progress.set(key, Math.max(progress.get(key) ?? -1, offset));
    for (const [key, offset] of progress) {
      worst = Math.max(worst, invocationOf(operation).time - knownSince(key, offset + 1));
    }
  }
  return worst;
}
