/** Finds what the pointer is on. */
import {
  AXIS_HEIGHT,
  lanePositions,
  messagesWithin,
  operationsWithin,
  type Span,
  ticksAt,
  type View,
  xOf,
} from "./geometry.ts";

/** The event at a position; operations take precedence over messages. */
export type Hit =
  | { readonly kind: "operation"; readonly row: number }
  | { readonly kind: "message"; readonly row: number };

/** Distance within which something is hit, in pixels. */
const REACH_PX = 6;

export function hitAt(view: View, x: number, y: number): Hit | undefined {
  if (x < view.layout.left) return undefined;
  const operation = operationAt(view, x, y);
  if (operation !== undefined) return { kind: "operation", row: operation };
  const message = view.hasMessages ? messageAt(view, x, y) : undefined;
  return message === undefined ? undefined : { kind: "message", row: message };
}

function operationAt(view: View, x: number, y: number): number | undefined {
  const { run, layout } = view;
  const index = Math.floor((y - AXIS_HEIGHT) / layout.laneHeight);
  const thread = layout.lanes[index]?.thread;
  if (thread === undefined) return undefined;
  const { operationThread } = run.columns;
  let best: number | undefined;
  let bestDistance = REACH_PX;
  const [first, last] = operationsWithin(view, around(view, x));
  for (let row = first; row < last; row++) {
    if (operationThread[row] !== thread) continue;
    const begin = xOf(view, run.invoked[row] ?? 0);
    const end = xOf(view, run.endOf(row) ?? run.end);
    const distance = x < begin ? begin - x : x > end ? x - end : 0;
    if (distance < bestDistance) [best, bestDistance] = [row, distance];
  }
  return best;
}

function messageAt(view: View, x: number, y: number): number | undefined {
  const { run, rows, layout } = view;
  const { messageFlight, messageSource, messageDest } = run.columns;
  const yByLane = lanePositions(view);
  const [first, last] = messagesWithin(view, around(view, x));
  let best: number | undefined;
  let bestDistance = REACH_PX;
  for (let position = first; position < last; position++) {
    const row = rows === undefined ? position : (rows[position] ?? 0);
    const y1 = yByLane[messageSource[row] ?? 0] ?? Number.NaN;
    const y2 = yByLane[messageDest[row] ?? 0] ?? Number.NaN;
    if (Number.isNaN(y1) || Number.isNaN(y2)) continue;
    const flight = messageFlight[row] ?? -1;
    const x1 = xOf(view, run.sent[row] ?? 0);
    const x2 = flight < 0 ? x1 + 4 : xOf(view, (run.sent[row] ?? 0) + flight);
    const stub = Math.sign(y2 - y1) * Math.min(Math.abs(y2 - y1), layout.laneHeight * 0.6);
    const distance = distanceTo(x, y, x1, y1, x2, flight < 0 ? y1 + stub : y2);
    if (distance < bestDistance) [best, bestDistance] = [row, distance];
  }
  return best;
}

/** Time range within reach of a position. */
function around(view: View, x: number): Span {
  return { from: ticksAt(view, x - REACH_PX), to: ticksAt(view, x + REACH_PX) };
}

/** Distance of a point from the line segment between two others. */
function distanceTo(x: number, y: number, x1: number, y1: number, x2: number, y2: number): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const square = dx * dx + dy * dy;
  const part =
    square === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / square));
  return Math.hypot(x - x1 - part * dx, y - y1 - part * dy);
}
