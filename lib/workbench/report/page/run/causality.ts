/**
 * Finds the messages that an operation may have caused, or that may have contributed to its reply.
 *
 * A message happens after everything that its sender received before (Lamport's happened-before).
 * Messages between an operation's request and its reply in this order lie on a causal path from one
 * to the other. In addition, messages that carry the operation's value to new nodes are followed.
 *
 * @see Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System" (1978)
 */
import { visitNumbers } from "../../recorder/json-paths.ts";
import { rowsWithText } from "./filter.ts";
import { lowerBound, type Run } from "./run.ts";

/** The send or the receipt of a message. */
interface Event {
  readonly row: number;
  readonly isSend: boolean;
  readonly time: number;
}

/** Maximum number of messages per operation. */
const MAX_ROWS = 5_000;
/** Bounds on following a value: messages that carry it, and messages searched. */
const MAX_FOLLOWED = 1_000;
const MAX_SEARCHED = 50_000;

/** Returns the rows of an operation's messages: its request and reply first. */
export function causesOf(run: Run, operation: number): number[] {
  const rows = new Set(run.messagesOf(operation));
  const askedSince = new Map<number, number>();
  for (const { node, arrived, answered } of requestsOf(run, operation)) {
    askedSince.set(node, Math.min(arrived, askedSince.get(node) ?? arrived));
    if (answered === undefined) continue;
    for (const row of between(run, node, arrived, answered)) rows.add(row);
  }
  for (const row of carriers(run, operation, askedSince)) rows.add(row);
  return [...rows].slice(0, MAX_ROWS);
}

/** A request that reached a node; `answered` is the time of the reply, or of the operation's end. */
interface Request {
  readonly node: number;
  readonly arrived: number;
  readonly answered: number | undefined;
}

/** An operation of a user's workload may ask several nodes, and one node several times. */
function requestsOf(run: Run, operation: number): Request[] {
  const { messageSource, messageDest, messageFlight } = run.columns;
  const own = run.messagesOf(operation);
  const sentAt = (row: number) => run.sent[row] ?? 0;
  return own.flatMap((row, index): Request[] => {
    const flight = messageFlight[row] ?? -1;
    const node = messageDest[row] ?? 0;
    if (flight < 0 || run.header.lanes[node]?.role === "client") return [];
    const arrived = sentAt(row) + flight;
    const later = own.slice(index + 1);
    const next = later.findIndex((each) => messageDest[each] === node);
    const reply = (next === -1 ? later : later.slice(0, next)).findLast(
      (each) => messageSource[each] === node && sentAt(each) >= arrived,
    );
    return [
      { node, arrived, answered: reply === undefined ? run.endOf(operation) : sentAt(reply) },
    ];
  });
}

/** Messages that happened after the request reached the node, and before its reply. */
function between(run: Run, node: number, from: number, to: number): Set<number> {
  const events = eventsBetween(run, from, to);
  const reached = new Set([node]);
  const caused = new Set<number>();
  for (const { row, isSend } of events) {
    if (isSend && reached.has(run.columns.messageSource[row] ?? 0)) caused.add(row);
    if (!isSend && caused.has(row)) addServer(run, reached, run.columns.messageDest[row]);
  }
  const contributing = new Set([node]);
  const causing = new Set<number>();
  for (const { row, isSend } of events.reverse()) {
    if (!isSend && contributing.has(run.columns.messageDest[row] ?? 0)) causing.add(row);
    if (isSend && causing.has(row)) addServer(run, contributing, run.columns.messageSource[row]);
  }
  return caused.intersection(causing);
}

/** Adds a node or a service; clients do not relay. */
function addServer(run: Run, lanes: Set<number>, lane = 0): void {
  if (run.header.lanes[lane]?.role !== "client") lanes.add(lane);
}

/** Sends and receipts within a time range, in order. */
function eventsBetween(run: Run, from: number, to: number): Event[] {
  const { messageFlight } = run.columns;
  const events: Event[] = [];
  const last = lowerBound(run.sent, to + 1);
  for (let row = lowerBound(run.sent, from); row < last; row++) {
    const sent = run.sent[row] ?? 0;
    events.push({ row, isSend: true, time: sent });
    const flight = messageFlight[row] ?? -1;
    if (flight >= 0 && sent + flight <= to) {
      events.push({ row, isSend: false, time: sent + flight });
    }
  }
  // A send precedes its receipt even if both have the same time.
  return events.sort(
    (one, other) =>
      one.time - other.time || one.row - other.row || Number(other.isSend) - Number(one.isSend),
  );
}

/**
 * Messages between servers that carry what an operation wrote from its nodes onwards, each to a server
 * that did not have it yet. Repetitions are left out, and so are most of the messages that contain
 * the same small numbers with another meaning.
 */
function carriers(run: Run, operation: number, askedSince: ReadonlyMap<number, number>): number[] {
  if (askedSince.size === 0) return [];
  const first = lowerBound(run.sent, Math.min(...askedSince.values()));
  const last = Math.min(run.messageCount, first + MAX_SEARCHED);
  const rows = new Set<number>();
  for (const words of insertedWords(run, operation)) {
    const found = words.map((word) => rowsWithText(run, word, first, last));
    const hasItSince = new Map(askedSince);
    for (let row = first; row < last && rows.size < MAX_FOLLOWED; row++) {
      if (!found.every((has) => has[row] === 1) || !carries(run, row, words)) continue;
      if (isFirstCopy(run, row, hasItSince)) rows.add(row);
    }
  }
  return [...rows];
}

/** Whether a server that has the value sends it to one that does not; records the arrival. */
function isFirstCopy(run: Run, row: number, hasItSince: Map<number, number>): boolean {
  const { messageSource, messageDest, messageFlight } = run.columns;
  const { lanes } = run.header;
  const [source, dest] = [messageSource[row] ?? 0, messageDest[row] ?? 0];
  if (lanes[source]?.role === "client" || lanes[dest]?.role === "client") return false;
  const sent = run.sent[row] ?? 0;
  const sourceHasIt = hasItSince.get(source) ?? Number.POSITIVE_INFINITY;
  const destHasIt = hasItSince.get(dest) ?? Number.POSITIVE_INFINITY;
  if (sourceHasIt > sent || destHasIt <= sent) return false;
  const flight = messageFlight[row] ?? -1;
  if (flight >= 0) hasItSince.set(dest, Math.min(destHasIt, sent + flight));
  return true;
}

/** Whether a message has a broadcast's value at a path that holds values, if these are known. */
function carries(run: Run, row: number, words: readonly string[]): boolean {
  const paths = run.header.propagation?.paths ?? [];
  const [word, ...others] = words;
  if (paths.length === 0 || others.length > 0) return true;
  let body: unknown;
  try {
    body = JSON.parse(run.bodyOf(row));
  } catch {
    return true; // Truncated, but it contains the number.
  }
  let isFound = false;
  visitNumbers(body, (path, number) => {
    if (String(number) === word && paths.includes(path)) isFound = true;
  });
  return isFound;
}

/** Maximum number of a transaction's writes that are followed. */
const MAX_WRITES = 8;

/**
 * Returns the words that a message must contain to carry each write of an operation: a value, or a
 * key and a value. Empty for a counter, whose additions look alike.
 */
export function insertedWords(run: Run, operation: number): (readonly string[])[] {
  const { invocation } = run.valuesOf(operation);
  let value: unknown;
  try {
    value = JSON.parse(invocation);
  } catch {
    return []; // Truncated.
  }
  const name = run.functionOf(operation);
  if (typeof value === "number") {
    return name === "broadcast" || (name === "add" && run.header.workload === "g-set")
      ? [[String(value)]]
      : [];
  }
  if (!Array.isArray(value)) return [];
  return writesOf(name, value)
    .slice(0, MAX_WRITES)
    .map((write) => write.map(wordOf).filter((word) => word !== ""))
    .filter((words) => words.length > 0);
}

/** The keys and values that an operation writes. A user's workload may give these names any value. */
function writesOf(name: string, value: readonly unknown[]): readonly (readonly unknown[])[] {
  if (name === "write") return [value];
  if (name === "cas") {
    const [key, change] = value;
    return Array.isArray(change) ? [[key, change[1]]] : [];
  }
  return value.flatMap((step) =>
    Array.isArray(step) && ["w", "append", "send"].includes(step[0]) ? [step.slice(1, 3)] : [],
  );
}

/** The word by which a value is found in JSON; empty if there is none. */
function wordOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
