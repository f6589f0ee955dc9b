/** Positions in a diagram: time runs from left to right, and each lane is a row. */
import { lowerBound, type Run } from "../run/run.ts";

export interface LaneLayout {
  /** Name to the left of the lane. */
  readonly label: string;
  /** The run's lane whose messages are drawn. */
  readonly lane?: number;
  /** The client thread whose operations are drawn. */
  readonly thread?: number;
}

export interface Layout {
  readonly lanes: readonly LaneLayout[];
  readonly width: number;
  readonly laneHeight: number;
  /** Position of the earliest visible time; names are to the left of it. */
  readonly left: number;
}

/** A time range, in ticks. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The content of a diagram: a time range of a run, laid out on lanes. */
export interface View {
  readonly run: Run;
  readonly time: Span;
  readonly layout: Layout;
  /** Rows of the messages that match the filter; `undefined` for all. */
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

/** Vertical position of each of the run's lanes; `NaN` for lanes that are not drawn. */
export function lanePositions({ layout, run }: View): Float64Array {
  const positions = new Float64Array(run.header.lanes.length).fill(Number.NaN);
  for (const [index, { lane }] of layout.lanes.entries()) {
    if (lane !== undefined) positions[lane] = yOf(layout, index);
  }
  return positions;
}

/** Positions in a view's rows; `last` is excluded. */
export type Range = readonly [first: number, last: number];

/** Positions of the messages that may be in flight within a time range. */
export function messagesWithin({ run, rows }: View, { from, to }: Span): Range {
  return positionsOf(run, rows, from - run.longestFlight, to);
}

/** Positions of the messages sent within a time range, among ascending rows. */
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

/** Rows of the operations that may be in progress within a time range. */
export function operationsWithin({ run }: View, { from, to }: Span): Range {
  return [
    lowerBound(run.invoked, Math.floor(from) - run.longestOperation),
    lowerBound(run.invoked, Math.ceil(to) + 1),
  ];
}
