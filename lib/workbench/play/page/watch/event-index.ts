/** The events of a run, in the order of time. */
import { visible } from "../../../report/page/parts/visible-text.ts";
import { messageLine } from "../../../report/page/run/describe.ts";
import { lowerBound, type Run } from "../../../report/page/run/run.ts";
import type { Condition } from "./conditions.ts";

/**
 * Kinds of events. Those of one moment are in this order: a client invokes its next operation, and a node
 * sends, because of what has ended or arrived.
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
    for (let position = 0; position < length; position++) {
      let kind = -1;
      let least = Number.POSITIVE_INFINITY;
      for (const [index, { times }] of lists.entries()) {
        const time = times[next[index] ?? 0];
        if (time !== undefined && time < least) [kind, least] = [index, time];
      }
      const taken = next[kind] ?? 0;
      this.times[position] = least;
      this.#kinds[position] = kind;
      this.#rows[position] = lists[kind]?.rows[taken] ?? 0;
      next[kind] = taken + 1;
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
