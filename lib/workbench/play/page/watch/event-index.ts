/** The events of a run, in the order of time. */
import { visible } from "../../../report/page/parts/visible-text.ts";
import { messageLine } from "../../../report/page/run/describe.ts";
import { lowerBound, type Run } from "../../../report/page/run/run.ts";
import type { Condition } from "./conditions.ts";

/**
 * Kinds of events. Those of one moment are in this order, unless one is the reason of another: a client invokes
 * its next operation, and a node sends, because of what has ended or arrived.
 */
export const EVENT_KINDS = ["receive", "complete", "fault", "invoke", "log", "send"] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface RunEvent {
  readonly kind: EventKind;
  /** Row of the message, the operation or the line; position of the condition. */
  readonly row: number;
  /** Ticks. */
  readonly time: number;
}

/** The events of one kind, in the order of time. */
interface Sequence {
  readonly times: Int32Array;
  readonly rows: Uint32Array;
}

export class EventIndex {
  readonly times: Int32Array;
  readonly #kinds: Uint8Array;
  readonly #rows: Uint32Array;

  constructor(run: Run, conditions: readonly Condition[]) {
    const sequences: Readonly<Record<EventKind, Sequence>> = {
      receive: receipts(run),
      complete: sorted(
        Array.from({ length: run.operationCount }, (_, row) => [run.endOf(row), row] as const),
      ),
      fault: inOrder(Int32Array.from(conditions, ({ from }) => from)),
      invoke: inOrder(run.invoked),
      log: inOrder(run.logged),
      send: inOrder(run.sent),
    };
    const lists = EVENT_KINDS.map((kind) => sequences[kind]);
    const length = lists.reduce((sum, { times }) => sum + times.length, 0);
    this.times = new Int32Array(length);
    this.#kinds = new Uint8Array(length);
    this.#rows = new Uint32Array(length);
    const next = lists.map(() => 0);
    for (let position = 0; position < length; ) {
      const heads = lists.map(({ times }, index) => times[next[index] ?? 0]);
      const time = heads.reduce<number>((least, head = least) => Math.min(least, head), LAST_TIME);
      const moment = lists.map(({ times, rows }, index) => {
        const start = next[index] ?? 0;
        let end = start;
        while (times[end] === time) end++;
        next[index] = end;
        return [...rows.subarray(start, end)];
      });
      for (const [kind, row] of inCausalOrder(run, moment)) {
        this.times[position] = time;
        this.#kinds[position] = kind;
        this.#rows[position++] = row;
      }
    }
  }

  get length(): number {
    return this.times.length;
  }

  /** The event at a position; `undefined` before the first one. */
  at(position: number): RunEvent | undefined {
    const time = this.times[position];
    const kind = EVENT_KINDS[this.#kinds[position] ?? 0];
    if (time === undefined || kind === undefined) return undefined;
    return { kind, row: this.#rows[position] ?? 0, time };
  }

  /** The position of the last event that has happened at a time; -1 before the first one. */
  lastAt(time: number): number {
    return lowerBound(this.times, Math.floor(time) + 1) - 1;
  }
}

/** Times are integers of 32 bits. */
const LAST_TIME = 2 ** 31;

/**
 * Orders the events of one moment: kind by kind, but what is sent before it arrives, and what belongs to an
 * operation between its invocation and its completion. A message to or from a client takes no time.
 *
 * @param moment The rows of each kind, in the order of {@link EVENT_KINDS}.
 */
function* inCausalOrder(
  { columns }: Run,
  moment: readonly number[][],
): Generator<readonly [kind: number, row: number]> {
  const left = new Map(EVENT_KINDS.map((kind, index) => [kind, moment[index] ?? []]));
  const rowsOf = (kind: EventKind) => left.get(kind) ?? [];
  const processOf = (operation: number) => columns.operationProcess[operation];
  const isDue = (kind: EventKind, row: number): boolean => {
    switch (kind) {
      case "receive": {
        // Rows are in the order of sending.
        const [nextSent = Number.POSITIVE_INFINITY] = rowsOf("send");
        return row < nextSent;
      }
      case "complete": {
        const isOfRow = (message: number) => columns.messageOperation[message] === row + 1;
        return (
          !rowsOf("invoke").includes(row) &&
          !rowsOf("receive").some(isOfRow) &&
          !rowsOf("send").some(isOfRow)
        );
      }
      case "invoke":
        // A client's next operation begins when the one before has ended.
        return !rowsOf("complete").some(
          (other) => other < row && processOf(other) === processOf(row),
        );
      default:
        return true;
    }
  };
  const takeDue = (): readonly [EventKind, number] | undefined => {
    for (const [kind, rows] of left) {
      const index = rows.findIndex((row) => isDue(kind, row));
      const [row] = index < 0 ? [] : rows.splice(index, 1);
      if (row !== undefined) return [kind, row];
    }
    return undefined;
  };
  for (let due = takeDue(); due !== undefined; due = takeDue()) {
    yield [EVENT_KINDS.indexOf(due[0]), due[1]];
  }
  // Nothing is left, unless the record contradicts itself.
  for (const [kind, rows] of [...left.values()].entries()) {
    for (const row of rows) yield [kind, row];
  }
}

function inOrder(times: Int32Array): Sequence {
  return { times, rows: Uint32Array.from(times.keys()) };
}

/** Arrivals, also those of further copies. */
function receipts(run: Run): Sequence {
  const { messageFlight, duplicateOf, duplicateFlight } = run.columns;
  const entries: (readonly [number | undefined, number])[] = [];
  for (let row = 0; row < messageFlight.length; row++) {
    const flight = messageFlight[row] ?? -1;
    if (flight >= 0) entries.push([(run.sent[row] ?? 0) + flight, row]);
  }
  for (const [index, row] of duplicateOf.entries()) {
    entries.push([(run.sent[row] ?? 0) + (duplicateFlight[index] ?? 0), row]);
  }
  return sorted(entries);
}

/** Sorts rows by their times, and leaves out those without one. */
function sorted(entries: readonly (readonly [time: number | undefined, row: number])[]): Sequence {
  // One number holds both: times have 31 bits, and rows 21.
  const keys = Float64Array.from(
    entries.flatMap(([time, row]) => (time === undefined ? [] : [time * ROWS + row])),
  ).sort();
  const times = new Int32Array(keys.length);
  const rows = new Uint32Array(keys.length);
  for (const [position, key] of keys.entries()) {
    const time = Math.floor(key / ROWS);
    times[position] = time;
    rows[position] = key - time * ROWS;
  }
  return { times, rows };
}

/** More than a report has rows of any kind. */
const ROWS = 2 ** 21;

/** Describes an event in one line, without its time. */
export function describeEvent(
  run: Run,
  conditions: readonly Condition[],
  { kind, row }: RunEvent,
): string {
  const process = () => `process ${run.columns.operationProcess[row]}`;
  switch (kind) {
    case "send":
      return visible(`sent: ${messageLine(run, row)}`);
    case "receive":
      return visible(`arrived: ${messageLine(run, row)}`);
    case "invoke": {
      const { invocation } = run.valuesOf(row);
      return visible(
        `${process()} invokes ${run.functionOf(row)} ${invocation} on ${run.nodeOf(row)}`,
      );
    }
    case "complete":
      return visible(`${process()}: ${run.outcomeOf(row)}, ${run.describe(row)}`);
    case "log":
      return visible(`${run.lane(run.columns.outputLane[row] ?? 0)} logs: ${run.lineOf(row)}`);
    case "fault":
      return visible(conditions[row]?.text ?? "");
    default:
      throw new Error("Unexpected event", { cause: kind satisfies never });
  }
}
