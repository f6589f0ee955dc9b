/** Changes of histories after which a verdict is known from the one before. */
import type { Json, Random } from "../../../lib/vortex/index.ts";
import { randomInteger } from "../../../lib/vortex/random.ts";
import type { History, Operation, Process } from "../../../lib/workbench/history/history.ts";

export type Relation = (history: History, random: Random) => History;

/** Starts the clock at another time. */
export const shiftTime: Relation = (history, random) => {
  const by = randomInteger(random, 1_000_000_000);
  return history.map((operation) => ({ ...operation, time: operation.time + by }));
};

/** Gives processes other numbers, in another order. */
export const renameProcesses: Relation = (history, random) => {
  const start = randomInteger(random, 1000);
  // Odd factors permute the numbers below a power of two.
  const factor = 2 * randomInteger(random, 500) + 1;
  return withProcesses(history, (process) => (process * factor + start) % 65_536);
};

function withProcesses(history: History, rename: (process: number) => number): History {
  return history.map((operation) => {
    const { process } = operation;
    return typeof process === "number" ? { ...operation, process: rename(process) } : operation;
  });
}

/** Renames what values consist of. */
export function renameValues(rename: (value: Json) => Json): Relation {
  return (history) =>
    history.map((operation) => ({ ...operation, value: rename(operation.value) }));
}

/** Applies a function to the numbers and texts of a value, and perhaps to an object's keys. */
export function deep(
  value: Json,
  rename: (plain: number | string) => Json,
  renameKey: (key: string) => string = (key) => key,
): Json {
  if (typeof value === "number" || typeof value === "string") return rename(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each: Json) => deep(each, rename, renameKey));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [renameKey(key), deep(each, rename, renameKey)]),
  );
}

/** Lets operations begin earlier or end later: more orders are possible. */
export const widen: Relation = (history, random) => {
  const entries = [...history];
  for (let swaps = 0; swaps < entries.length; swaps++) {
    const at = randomInteger(random, Math.max(1, entries.length - 1));
    const [first, second] = [entries[at], entries[at + 1]];
    if (first === undefined || second === undefined) continue;
    if (first.type === "invoke" || second.type !== "invoke") continue;
    if (first.process === second.process) continue;
    entries[at] = { ...second, time: first.time };
    entries[at + 1] = { ...first, time: second.time };
  }
  return indexed(entries);
};

/** Loses some of the results. The client continues as another process, as after a timeout. */
export function lose(mayLose: (f: string) => boolean): Relation {
  return (history, random) => {
    const names = new Map<Process, number>();
    let next = 1 + Math.max(...history.map(({ process }) => Number(process)));
    const asked = new Map<Process, Json>();
    return history.map((operation) => {
      const process = names.get(operation.process) ?? operation.process;
      if (operation.type === "invoke") asked.set(operation.process, operation.value);
      if (operation.type !== "ok" || !mayLose(operation.f) || random.next() < 0.8)
        return { ...operation, process };
      names.set(operation.process, next++);
      const value = asked.get(operation.process) ?? null;
      return { ...operation, process, type: "info", value, error: "net-timeout" };
    });
  };
}

/** Ends the history early, after half of it or later: the operations under way have no outcome. */
export const cut: Relation = (history, random) => {
  const half = history.length >> 1;
  return history.slice(0, half + randomInteger(random, history.length - half + 1));
};

/** Leaves out reads without a result, which say nothing. */
export function withoutLostReads(isRead: (operation: Operation) => boolean): Relation {
  return (history) => {
    const dropped = new Set<Operation>();
    const open = new Map<Process, Operation>();
    for (const operation of history) {
      if (operation.type === "invoke") open.set(operation.process, operation);
      const invocation = open.get(operation.process);
      if (invocation === undefined || operation.type !== "info" || !isRead(invocation)) continue;
      dropped.add(invocation).add(operation);
    }
    return indexed(history.filter((operation) => !dropped.has(operation)));
  };
}

/** Runs histories at once, in any interleaving, with a process for each of the clients. */
export function interleave(histories: readonly History[], random: Random): History {
  const queues = histories.map((history, index) =>
    [...withProcesses(history, (process) => process * histories.length + index)].reverse(),
  );
  const entries: Operation[] = [];
  for (;;) {
    const left = queues.filter((queue) => queue.length > 0);
    const next = left[randomInteger(random, Math.max(1, left.length))]?.pop();
    if (next === undefined) break;
    entries.push({ ...next, time: entries.length * 1e6 });
  }
  return indexed(entries);
}

function indexed(entries: readonly Operation[]): History {
  return entries.map((operation, index) => ({ ...operation, index }));
}
