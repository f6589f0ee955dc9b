/**
 * Lays out operations as bars, and the orders in which a model accepts them. Does not depend on the DOM.
 *
 * The x-axis is the order of events, not time: it stays readable where operations cluster. An order's
 * points lie within their bars, from left to right; where the order of a sequentially consistent history
 * contradicts real time, back to the left.
 */
import type { PageBar, PageLinearization, PagePartial } from "../../recorder/run-data.ts";
import { truncate, visible } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";
import type { Point } from "./cycle-layout.ts";

/** An operation; `y` is its middle. */
export interface Bar extends Point {
  readonly width: number;
  /** Whether it may take effect at any later time. */
  readonly isOpen: boolean;
  readonly label: string;
  /** Width reserved for the label. */
  readonly labelWidth: number;
}

/** The moment at which an operation takes effect, or the model refuses it. */
export interface OrderPoint extends Point {
  /** Position in the operations. */
  readonly operation: number;
}

/** A time during which the state is the same. */
export interface StateSpan {
  readonly x: number;
  readonly width: number;
  /** Number of steps before it. */
  readonly step: number;
  readonly state: string;
  /** The state, as far as it fits. */
  readonly label: string;
}

export interface OrderLayout {
  readonly points: readonly OrderPoint[];
  readonly refusals: readonly OrderPoint[];
  readonly states: readonly StateSpan[];
}

export interface LinearizationLayout {
  readonly width: number;
  readonly height: number;
  readonly lanes: readonly { readonly process: number; readonly y: number }[];
  /** In the order of the operations. */
  readonly bars: readonly Bar[];
  readonly times: readonly { readonly x: number; readonly text: string }[];
  /** In the order of the partial linearizations. */
  readonly orders: readonly OrderLayout[];
  /** Top of the row of states. */
  readonly stateY: number;
}

/** Sizes in pixels, matching the page's style. */
export const POINT_RADIUS = 8;
export const STATE_HEIGHT = 20;
const CHARACTER_WIDTH = 7;
const TOP = 22;
const LANE_HEIGHT = 42;
/** Distance from a lane's top to the middle of its bars, which leaves room for the labels. */
const BAR_MIDDLE = 27;
const PADDING = 8;
/** Distance of two events, and width of a point between them. */
const GAP = 10;
const SLOT = 2 * POINT_RADIUS + 4;
const TIME_WIDTH = 64;

/** Lengths in characters to which labels are cut; they are shown whole when pointed at. */
interface Lengths {
  readonly label: number;
  readonly state: number;
}
/** Among few operations there is room for more. */
const FEW = 12;
const LONG: Lengths = { label: 44, state: 28 };
const SHORT: Lengths = { label: 22, state: 10 };

export function layOutLinearization(
  run: Pick<Run, "time">,
  { operations, partials }: PageLinearization,
): LinearizationLayout {
  const events = eventsOf(operations);
  const calls = new Map<number, number>();
  const returns = new Map<number, number>();
  for (const [rank, { operation, isCall }] of events.entries()) {
    (isCall ? calls : returns).set(operation, rank);
  }
  const spanOf = (operation: number): Span => ({
    from: calls.get(operation) ?? 0,
    to: returns.get(operation) ?? Number.POSITIVE_INFINITY,
  });
  const lengths = operations.length <= FEW ? LONG : SHORT;
  const stateWidth = (state: string) =>
    textWidth(truncate(visible(state), lengths.state)) + PADDING;
  const plans = partials.map((partial) => planOf(partial, spanOf, stateWidth));

  const processes = [...new Set(operations.map(({ process }) => process))].sort(
    (one, other) => one - other,
  );
  const lanes = processes.map((process, lane) => ({ process, y: TOP + lane * LANE_HEIGHT }));
  const labels = operations.map(({ label }) => truncate(visible(label), lengths.label));
  const labelWidths = labels.map((label) => textWidth(label) + PADDING);

  // Every gap between events has room for the points that any order has there.
  const gaps = events.map(
    (_, rank) => GAP + Math.max(0, ...plans.map((plan) => plan.widthAt(rank))),
  );
  const initialWidth = Math.max(0, ...partials.map(({ initialState }) => stateWidth(initialState)));
  const xs: number[] = [];
  const freeFrom = new Map<number, number>();
  let end = PADDING + initialWidth;
  for (const [rank, { operation, isCall, process }] of events.entries()) {
    const x = isCall ? Math.max(end, freeFrom.get(process) ?? 0) : end;
    if (isCall) freeFrom.set(process, x + (labelWidths[operation] ?? 0));
    xs.push(x);
    end = x + (gaps[rank] ?? 0);
  }
  const times = timesOf(run, events, xs);
  const timesEnd = (times.at(-1)?.x ?? 0) + TIME_WIDTH;
  const width = Math.max(end, timesEnd, ...freeFrom.values()) + PADDING;

  const middleOf = (operation: number) =>
    TOP + processes.indexOf(operations[operation]?.process ?? 0) * LANE_HEIGHT + BAR_MIDDLE;
  const bars = operations.map((_, operation): Bar => {
    const x = xs[calls.get(operation) ?? 0] ?? 0;
    const returned = xs[returns.get(operation) ?? events.length];
    return {
      x,
      y: middleOf(operation),
      width: (returned ?? width) - x,
      isOpen: returned === undefined,
      label: labels[operation] ?? "",
      labelWidth: labelWidths[operation] ?? 0,
    };
  });
  const stateY = TOP + lanes.length * LANE_HEIGHT + PADDING;
  return {
    width,
    height: stateY + STATE_HEIGHT + 2,
    lanes,
    bars,
    times,
    orders: plans.map((plan, index) => {
      const place = (slot: Slot): OrderPoint => ({
        operation: slot.operation,
        x: (xs[slot.rank] ?? 0) + GAP / 2 + slot.offset + POINT_RADIUS,
        y: middleOf(slot.operation),
      });
      const points = plan.steps.map(place);
      const states = statesOf(partials[index], points, width);
      return { points, refusals: plan.refusals.map(place), states };
    }),
    stateY,
  };
}

/** An invocation or a completion. */
interface Event {
  readonly index: number;
  readonly operation: number;
  readonly process: number;
  readonly isCall: boolean;
  readonly time: number;
}

/** Lists the events of operations as the history orders them. */
function eventsOf(operations: readonly PageBar[]): Event[] {
  return operations
    .flatMap(({ invocation, completion, process, start, end }, operation): Event[] => [
      { index: invocation, operation, process, isCall: true, time: start },
      ...(completion === undefined || end === undefined
        ? []
        : [{ index: completion, operation, process, isCall: false, time: end }]),
    ])
    .sort((one, other) => one.index - other.index);
}

/** A point's place: after the event of a rank, and there after the points before it. */
interface Slot {
  readonly operation: number;
  readonly rank: number;
  readonly offset: number;
}

interface Plan {
  readonly steps: readonly Slot[];
  readonly refusals: readonly Slot[];
  /** Width of the points after the event of a rank. */
  widthAt(rank: number): number;
}

/** Ranks of an operation's invocation and of its completion. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Places each point as early as its invocation and the points before it allow. */
function planOf(
  { initialState, steps, refused }: PagePartial,
  spanOf: (operation: number) => Span,
  stateWidth: (state: string) => number,
): Plan {
  const widths = new Map<number, number>();
  const take = (operation: number, rank: number, width: number): Slot => {
    const offset = widths.get(rank) ?? 0;
    widths.set(rank, offset + width);
    return { operation, rank, offset };
  };
  const rankAfter = (rank: number, operation: number) => {
    const { from, to } = spanOf(operation);
    const earliest = Math.max(rank, from);
    return earliest < to ? earliest : from;
  };
  let [rank, before] = [0, initialState];
  const placed = steps.map(({ operation, state }): Slot => {
    rank = rankAfter(rank, operation);
    const width = state === before ? SLOT : Math.max(SLOT, stateWidth(state));
    before = state;
    return take(operation, rank, width);
  });
  // What the model refuses next, it refuses at the same point of the order.
  const byRank = Map.groupBy(refused, (operation) => rankAfter(rank, operation));
  const refusals = [...byRank].flatMap(([at, [first, ...others]]) => {
    if (first === undefined) return [];
    const slot = take(first, at, SLOT);
    return [slot, ...others.map((operation) => ({ ...slot, operation }))];
  });
  return { steps: placed, refusals, widthAt: (at) => widths.get(at) ?? 0 };
}

/** Joins steps that leave the state as it is. */
function statesOf(
  partial: PagePartial | undefined,
  points: readonly Point[],
  width: number,
): StateSpan[] {
  const changes = [{ x: 0, step: 0, state: partial?.initialState ?? "" }];
  for (const [index, { state }] of partial?.steps.entries() ?? []) {
    if (state === changes.at(-1)?.state) continue;
    changes.push({ x: points[index]?.x ?? 0, step: index + 1, state });
  }
  const ends = [...changes.slice(1).map(({ x }) => x), width];
  const isForward = changes.every(({ x }, index) => x < (ends[index] ?? 0));
  return changes.map(({ x, ...change }, index) => {
    // The states of an order that goes back are not above each other: they share the width.
    const from = isForward ? x : (width * index) / changes.length;
    const span = isForward ? (ends[index] ?? 0) - x : width / changes.length;
    const room = Math.max(1, Math.floor((span - PADDING) / CHARACTER_WIDTH));
    return { ...change, x: from, width: span, label: truncate(visible(change.state), room) };
  });
}

/** Labels as many events with their times as there is room for. */
function timesOf(run: Pick<Run, "time">, events: readonly Event[], xs: readonly number[]) {
  const times: { x: number; text: string }[] = [];
  let free = 0;
  for (const [rank, { time }] of events.entries()) {
    const x = xs[rank] ?? 0;
    if (x < free) continue;
    times.push({ x, text: run.time(time) });
    free = x + TIME_WIDTH;
  }
  return times;
}

function textWidth(text: string): number {
  return text.length * CHARACTER_WIDTH;
}
