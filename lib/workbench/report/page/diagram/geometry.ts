/**
 * Where things are in a diagram: time from left to right, and a lane for each who acts.
 */
import { lowerBound, type Run } from "../run/run.ts";

export interface LaneLayout {
  /** What stands beside it. */
  readonly label: string;
  /** The lane of the run, for messages. */
  readonly lane?: number;
  /** The client thread, for operations. */
  readonly thread?: number;
}

export interface Layout {
  readonly lanes: readonly LaneLayout[];
  readonly width: number;
  readonly laneHeight: number;
  /** Where time begins; to the left of it are the lanes' labels. */
  readonly left: number;
}

/** A stretch of time, in ticks. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What is where, and when. */
export interface View {
  readonly run: Run;
  readonly time: Span;
  readonly layout: Layout;
  /** Rows of messages; `undefined` is all of them. */
  readonly rows: Uint32Array | undefined;
  readonly hasMessages: boolean;
}

export const AXIS_HEIGHT = 26;

export function heightOf({ lanes, laneHeight }: Layout): number {
  return AXIS_HEIGHT + lanes.length * laneHeight + 6;
}

export function xOf({ layout, time }: View, ticks: number): number {
  return layout.left + ((ticks - time.from) / (time.to - time.from)) * (layout.width - layout.left);
}

export function ticksAt({ layout, time }: View, x: number): number {
  return time.from + ((x - layout.left) / (layout.width - layout.left)) * (time.to - time.from);
}

export function yOf({ laneHeight }: Layout, index: number): number {
  return AXIS_HEIGHT + (index + 0.5) * laneHeight;
}

/** Where each lane of the run is; `NaN` for those that are not shown. */
export function lanePositions({ layout, run }: View): Float64Array {
  const positions = new Float64Array(run.header.lanes.length).fill(Number.NaN);
  for (const [index, { lane }] of layout.lanes.entries()) {
    if (lane !== undefined) positions[lane] = yOf(layout, index);
  }
  return positions;
}

/** Positions in the filter's rows, from one to before another. */
export type Range = readonly [first: number, last: number];

/** The messages that may be on their way within a time. */
export function messagesWithin({ run, rows }: View, { from, to }: Span): Range {
  return positionsOf(run, rows, from - run.longestFlight, to);
}

/** The positions, in rising rows, of those sent within a time. */
export function positionsOf(
  run: Run,
  rows: Uint32Array | undefined,
  from: number,
  to: number,
): Range {
  const first = lowerBound(run.sent, Math.floor(from));
  const last = lowerBound(run.sent, Math.ceil(to) + 1);
  return rows === undefined ? [first, last] : [lowerBound(rows, first), lowerBound(rows, last)];
}

/** Rows of the operations that may be under way within a time. */
export function operationsWithin({ run }: View, { from, to }: Span): Range {
  return [
    lowerBound(run.invoked, Math.floor(from) - run.longestOperation),
    lowerBound(run.invoked, Math.ceil(to) + 1),
  ];
}

/** Steps of an axis that people like: 1, 2 or 5 times a power of ten. */
export function niceStep(span: number, count: number): number {
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= raw) ?? 10;
  return factor * power;
}

/** The beginning of a name that is too long to stand beside a lane. */
export function fitted(label: string, maxLength: number): string {
  return label.length <= maxLength ? label : `${label.slice(0, maxLength - 1)}…`;
}
