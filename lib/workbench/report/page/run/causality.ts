/**
 * Which messages an operation may have caused, and which may have brought its answer about.
 *
 * A message is sent after all that its sender had received (Lamport's happened-before). Those that
 * lie between an operation's request and its reply in that order led from the one to the other.
 * Beyond that, those are followed that carry its value to who did not have it.
 *
 * @see Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System" (1978)
 */
import { visitNumbers } from "../../recorder/json-paths.ts";
import { rowsWithText } from "./filter.ts";
import { lowerBound, type Run } from "./run.ts";

/** The sending or the receipt of a message. */
interface Event {
  readonly row: number;
  readonly isSend: boolean;
  readonly time: number;
}

/** How many messages of one operation are lit up. */
const MAX_ROWS = 5_000;
/** How far a value is followed: in messages that carry it, and in messages that are looked at. */
const MAX_FOLLOWED = 1_000;
const MAX_SEARCHED = 50_000;

/** The rows of the messages that belong to an operation, its own first. */
export function causesOf(run: Run, operation: number): number[] {
  const own = run.messagesOf(operation);
  const [request] = own;
  const rows = new Set(own);
  if (request === undefined) return [];
  const { messageFlight, messageDest } = run.columns;
  const flight = messageFlight[request] ?? -1;
  if (flight >= 0) {
    const arrived = (run.sent[request] ?? 0) + flight;
    const reply = own.findLast((row) => row !== request);
    const answered = reply === undefined ? run.endOf(operation) : run.sent[reply];
    const node = messageDest[request] ?? 0;
    if (answered !== undefined) {
      for (const row of between(run, node, arrived, answered)) rows.add(row);
    }
    for (const row of carriers(run, operation, arrived, node)) rows.add(row);
  }
  return [...rows].slice(0, MAX_ROWS);
}

/** Messages after which the node had heard of the request, and of which it had heard by the reply. */
function between(run: Run, node: number, from: number, to: number): Set<number> {
  const events = eventsBetween(run, from, to);
  const informed = new Set([node]);
  const caused = new Set<number>();
  for (const { row, isSend } of events) {
    if (isSend && informed.has(run.columns.messageSource[row] ?? 0)) caused.add(row);
    if (!isSend && caused.has(row)) pass(run, informed, run.columns.messageDest[row]);
  }
  const needed = new Set([node]);
  const causing = new Set<number>();
  for (const { row, isSend } of events.reverse()) {
    if (!isSend && needed.has(run.columns.messageDest[row] ?? 0)) causing.add(row);
    if (isSend && causing.has(row)) pass(run, needed, run.columns.messageSource[row]);
  }
  return caused.intersection(causing);
}

/** Adds a lane to those that have a part in it; a client passes nothing on. */
function pass(run: Run, lanes: Set<number>, lane = 0): void {
  if (run.header.lanes[lane]?.role !== "client") lanes.add(lane);
}

/** What was sent, or arrived, within a time; in order. */
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
  // A message that takes no time is sent before it arrives.
  return events.sort(
    (one, other) =>
      one.time - other.time || one.row - other.row || Number(other.isSend) - Number(one.isSend),
  );
}

/**
 * Messages between servers that carry what an operation put in, from its node and onwards, each to one
 * that had not had it yet. What a message says to those who know is no news; and small numbers, such
 * as a key and a value, stand in many messages that mean something else.
 */
function carriers(run: Run, operation: number, arrived: number, node: number): number[] {
  const first = lowerBound(run.sent, arrived);
  const last = Math.min(run.messageCount, first + MAX_SEARCHED);
  const rows = new Set<number>();
  for (const words of insertedWords(run, operation)) {
    const found = words.map((word) => rowsWithText(run, word, first, last));
    const knownSince = new Map([[node, arrived]]);
    for (let row = first; row < last && rows.size < MAX_FOLLOWED; row++) {
      if (!found.every((has) => has[row] === 1) || !carries(run, row, words)) continue;
      if (isNews(run, row, knownSince)) rows.add(row);
    }
  }
  return [...rows];
}

/** Whether a message tells one who did not know, by one who did; takes note of who knows now. */
function isNews(run: Run, row: number, knownSince: Map<number, number>): boolean {
  const { messageSource, messageDest, messageFlight } = run.columns;
  const { lanes } = run.header;
  const [source, dest] = [messageSource[row] ?? 0, messageDest[row] ?? 0];
  if (lanes[source]?.role === "client" || lanes[dest]?.role === "client") return false;
  const sent = run.sent[row] ?? 0;
  const known = knownSince.get(dest) ?? Number.POSITIVE_INFINITY;
  if ((knownSince.get(source) ?? Number.POSITIVE_INFINITY) > sent || known <= sent) return false;
  const flight = messageFlight[row] ?? -1;
  if (flight >= 0) knownSince.set(dest, Math.min(known, sent + flight));
  return true;
}

/** Whether a message has a broadcast's value where values are, as far as that is known. */
function carries(run: Run, row: number, words: readonly string[]): boolean {
  const places = run.header.spread?.paths ?? [];
  const [word, ...others] = words;
  if (places.length === 0 || others.length > 0) return true;
  let body: unknown;
  try {
    body = JSON.parse(run.bodyOf(row));
  } catch {
    return true; // It is cut: all there is to go by is that it has the number.
  }
  let isFound = false;
  visitNumbers(body, (place, number) => {
    if (String(number) === word && places.includes(place)) isFound = true;
  });
  return isFound;
}

/** How many writes of a transaction are followed. */
const MAX_WRITES = 8;

/**
 * What an operation put in, each as the words that a message must have to carry it: a value, or a key
 * and a value. A counter's additions are nothing that could be told apart.
 */
export function insertedWords(run: Run, operation: number): (readonly string[])[] {
  const { invocation } = run.valuesOf(operation);
  let value: unknown;
  try {
    value = JSON.parse(invocation);
  } catch {
    return []; // It is cut.
  }
  const name = run.functionOf(operation);
  if (typeof value === "number") {
    return name === "broadcast" || (name === "add" && run.header.workload === "g-set")
      ? [[String(value)]]
      : [];
  }
  if (!Array.isArray(value)) return [];
  if (name === "write") return [value.map(wordOf)];
  if (name === "cas") {
    const [key, change] = value;
    return Array.isArray(change) ? [[key, change[1]].map(wordOf)] : [];
  }
  return value
    .filter((step) => Array.isArray(step) && ["w", "append", "send"].includes(step[0]))
    .slice(0, MAX_WRITES)
    .map(([, key, written]) => [key, written].map(wordOf));
}

function wordOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
