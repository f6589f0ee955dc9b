/** Infers the edges of transaction graphs in a slow, obvious way. Shares no code with the checkers. */
import type { Json } from "../../../lib/vortex/index.ts";
import type { AcyclicPart } from "../../../lib/workbench/checkers/elle/cycles/cycle-types.ts";
import {
  REALTIME,
  type Relations,
  RW,
  WR,
  WW,
} from "../../../lib/workbench/checkers/elle/cycles/relations.ts";
import type { History, Operation } from "../../../lib/workbench/history/history.ts";

/** An edge of a dependency graph, between the indices of completions. */
export type Edge = readonly [from: number, to: number, relation: Relations];

/** Whether the given part of a graph contains a closed walk. */
export function isCyclic(edges: readonly Edge[], part: AcyclicPart): boolean {
  const allowed = edges.filter(([, , relation]) => (relation & part.relations) !== 0);
  const readWrites = edges.filter(([, , relation]) => relation === RW);
  const steps = allowed.flatMap(([from, to]) => [
    [from, to] as const,
    ...(part.thenReadWrite
      ? readWrites.filter(([a]) => a === to).map(([, b]) => [from, b] as const)
      : []),
  ]);
  return edges.some(([start]) => {
    const reached = new Set<number>();
    const open = [start];
    for (const at of open) {
      for (const [from, to] of steps) {
        if (from !== at || reached.has(to)) continue;
        reached.add(to);
        open.push(to);
      }
    }
    return reached.has(start);
  });
}

type Step = readonly [f: string, key: number, value: Json];

const stepsOf = ({ value }: Operation) => value as unknown as readonly Step[];
const isSame = (one: Json, other: Json) => JSON.stringify(one) === JSON.stringify(other);
const oks = (history: History) => history.filter(({ type }) => type === "ok");

function pairsOf<T>(items: readonly T[]): (readonly [T, T])[] {
  return items.flatMap((one) => items.map((other) => [one, other] as const));
}

/** The edges between ok transactions over registers, by the indices of their completions. */
export function registerEdges(history: History): Edge[] {
  const reads = (operation: Operation) =>
    stepsOf(operation).filter(
      ([f, key], i, steps) => f === "r" && steps.findIndex(([, k]) => k === key) === i,
    );
  const writes = (operation: Operation) =>
    stepsOf(operation).filter(
      ([f, key], i, steps) =>
        f === "w" && steps.findLastIndex(([f, k]) => f === "w" && k === key) === i,
    );
  const orders = oks(history).flatMap((operation) =>
    reads(operation).flatMap(([, key, value]) =>
      writes(operation).flatMap(([, k, next]) =>
        k === key && value !== null ? [[key, value, next] as const] : [],
      ),
    ),
  );
  const leads = (key: number, from: Json, to: Json) => {
    const reached = [from];
    for (const value of reached) {
      for (const [k, a, b] of orders) {
        if (k === key && isSame(a, value) && !reached.some((v) => isSame(v, b))) reached.push(b);
      }
    }
    return reached.some((value) => isSame(value, to));
  };
  const isCircular = orders.some(
    ([key, value, next]) => !isSame(value, next) && leads(key, next, value),
  );
  const isNext = (key: number, value: Json, next: Json) =>
    value === null ||
    (!isCircular && orders.some(([k, a, b]) => k === key && isSame(a, value) && isSame(b, next)));

  return pairsOf(oks(history)).flatMap(([one, other]): Edge[] => {
    const edge = (relation: Relations): Edge => [one.index, other.index, relation];
    const found: Edge[] = [];
    for (const [, key, value] of writes(one)) {
      if (reads(other).some(([, k, v]) => k === key && isSame(v, value))) found.push(edge(WR));
    }
    if (one === other) return found;
    for (const [, key, next] of writes(other)) {
      if (writes(one).some(([, k, v]) => k === key && isNext(key, v, next))) found.push(edge(WW));
      if (reads(one).some(([, k, v]) => k === key && isNext(key, v, next))) found.push(edge(RW));
    }
    return found;
  });
}

/**
 * The edges between ok transactions over lists, by the indices of their completions.
 *
 * @param order Order of a key's elements. Elements after the longest read have no edges.
 */
export function listEdges(history: History, order: (key: number) => readonly Json[]): Edge[] {
  const lists = (operation: Operation) =>
    stepsOf(operation).flatMap(([f, key, value]) =>
      f === "r" ? [[key, (value ?? []) as readonly Json[]] as const] : [],
    );
  const appends = (operation: Operation) => stepsOf(operation).filter(([f]) => f === "append");
  const previous = (key: number, element: Json) => {
    const longest = Math.max(
      ...oks(history)
        .flatMap(lists)
        .map(([k, list]) => (k === key ? list.length : 0)),
    );
    const place = order(key).indexOf(element);
    return order(key)[Math.min(place, longest) - 1] ?? null;
  };

  return pairsOf(oks(history)).flatMap(([one, other]): Edge[] => {
    if (one === other) return [];
    const edge = (relation: Relations): Edge => [one.index, other.index, relation];
    const found: Edge[] = [];
    for (const [key, list] of lists(other)) {
      if (appends(one).some(([, k, v]) => k === key && v === list.at(-1))) found.push(edge(WR));
    }
    for (const [, key, element] of appends(other)) {
      const before = previous(key, element);
      if (appends(one).some(([, k, v]) => k === key && v === before)) found.push(edge(WW));
      if (lists(one).some(([k, list]) => k === key && (list.at(-1) ?? null) === before)) {
        found.push(edge(RW));
      }
    }
    return found;
  });
}

/** An edge for each ok transaction that completed before another one was invoked. */
export function realtimeEdges(history: History): Edge[] {
  const invocation = ({ process, index }: Operation) =>
    history.findLastIndex((other) => other.process === process && other.index < index);
  return pairsOf(oks(history)).flatMap(([one, other]): Edge[] =>
    one.index < invocation(other) ? [[one.index, other.index, REALTIME]] : [],
  );
}
