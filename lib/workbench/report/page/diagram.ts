/**
 * What the diagrams draw: a canvas with time from left to right and a lane for each who acts.
 *
 * However much there is, a frame draws no more than so many messages and a bar a pixel of each lane:
 * of messages that would lie on top of each other one is drawn. While the time moves it draws fewer,
 * as stroking lines is what a frame's time goes to (12,000 take 35 ms without a graphics card, 4,000
 * take 12), and all of them as soon as it rests.
 */
import type { FaultSpan } from "../run-data.ts";
import type { Colors } from "./colors.ts";
import { lowerBound, type Run } from "./model.ts";
import type { Highlight } from "./selection.ts";
import type { Viewport } from "./viewport.ts";

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
  readonly left: number;
}

export const AXIS_HEIGHT = 26;
export const MAX_LINES = 12_000;
const MAX_LINES_MOVING = 4_000;
/** How many messages are looked at to find those; beyond that, every other, every third, ... */
const MAX_SCANNED = 200_000;

/** What a frame shows. */
export interface Scene {
  readonly run: Run;
  readonly viewport: Viewport;
  readonly layout: Layout;
  readonly colors: Colors;
  /** Rows of messages; `undefined` is all of them. */
  readonly rows: Uint32Array | undefined;
  readonly highlight: Highlight | undefined;
  readonly hasMessages: boolean;
  /** Whether the next frame will show something else. */
  readonly isMoving: boolean;
}

/** What came of drawing. */
export interface Drawn {
  readonly shownCount: number;
  /** How many there are within the time, at most. */
  readonly visibleCount: number;
}

export function heightOf({ lanes, laneHeight }: Layout): number {
  return AXIS_HEIGHT + lanes.length * laneHeight + 6;
}

export function xOf({ layout, viewport }: Scene, ticks: number): number {
  const { from, to } = viewport;
  return layout.left + ((ticks - from) / (to - from)) * (layout.width - layout.left);
}

export function ticksAt({ layout, viewport }: Scene, x: number): number {
  const { from, to } = viewport;
  return from + ((x - layout.left) / (layout.width - layout.left)) * (to - from);
}

export function yOf({ laneHeight }: Layout, index: number): number {
  return AXIS_HEIGHT + (index + 0.5) * laneHeight;
}

/** Draws a frame. */
export function draw(context: CanvasRenderingContext2D, scene: Scene): Drawn {
  const { layout, colors, run } = scene;
  const height = heightOf(layout);
  context.clearRect(0, 0, layout.width, height);
  context.save();
  context.beginPath();
  context.rect(layout.left, 0, layout.width - layout.left, height);
  context.clip();
  drawFaults(context, scene, run.header.faults, height);
  drawLanes(context, scene);
  const drawn = scene.hasMessages
    ? drawMessages(context, scene)
    : { shownCount: 0, visibleCount: 0 };
  drawOperations(context, scene);
  context.restore();
  drawAxis(context, scene);
  context.fillStyle = colors.text;
  context.font = FONT;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const [index, { label }] of layout.lanes.entries()) {
    context.fillText(fitted(label), layout.left - 8, yOf(layout, index), layout.left - 12);
  }
  return drawn;
}

const FONT = "12px system-ui, sans-serif";

function fitted(label: string): string {
  return label.length <= 14 ? label : `${label.slice(0, 13)}…`;
}

function drawFaults(
  context: CanvasRenderingContext2D,
  scene: Scene,
  faults: readonly FaultSpan[],
  height: number,
): void {
  context.fillStyle = scene.colors.fault;
  for (const { from, to } of faults) {
    const x = xOf(scene, from);
    context.fillRect(x, AXIS_HEIGHT, Math.max(1, xOf(scene, to) - x), height - AXIS_HEIGHT);
  }
}

function drawLanes(context: CanvasRenderingContext2D, { layout, colors }: Scene): void {
  context.strokeStyle = colors.line;
  context.lineWidth = 1;
  context.beginPath();
  for (const index of layout.lanes.keys()) {
    const y = Math.round(yOf(layout, index)) + 0.5;
    context.moveTo(layout.left, y);
    context.lineTo(layout.width, y);
  }
  context.stroke();
}

/** Steps of an axis that people like: 1, 2 or 5 times a power of ten. */
export function niceStep(span: number, count: number): number {
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= raw) ?? 10;
  return factor * power;
}

function drawAxis(context: CanvasRenderingContext2D, scene: Scene): void {
  const { run, viewport, colors, layout } = scene;
  const seconds = run.tickMs / 1000;
  const [from, to] = [viewport.from * seconds, viewport.to * seconds];
  const step = niceStep(to - from, Math.max(2, (layout.width - layout.left) / 110));
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  context.font = FONT;
  context.textBaseline = "middle";
  context.textAlign = "center";
  for (let mark = Math.ceil(from / step); mark * step <= to; mark++) {
    const x = xOf(scene, (mark * step) / seconds);
    context.textAlign = x > layout.width - 24 ? "right" : "center";
    context.fillStyle = colors.line;
    context.fillRect(Math.round(x), AXIS_HEIGHT - 6, 1, heightOf(layout));
    context.fillStyle = colors.muted;
    context.fillText(
      `${(mark * step).toFixed(digits)} s`,
      Math.min(x, layout.width - 6),
      AXIS_HEIGHT / 2 - 1,
    );
  }
}

/** The rows that may be seen at the time that is shown: from one to before another, of the filter. */
function visibleRange({ run, viewport, rows }: Scene): readonly [number, number] {
  const first = lowerBound(run.sent, Math.floor(viewport.from) - run.longestFlight);
  const last = lowerBound(run.sent, Math.ceil(viewport.to) + 1);
  if (rows === undefined) return [first, last];
  return [lowerBound(rows, first), lowerBound(rows, last)];
}

function drawMessages(context: CanvasRenderingContext2D, scene: Scene): Drawn {
  const { run, layout, rows, colors, highlight } = scene;
  const { messageSource, messageDest, messageFlight } = run.columns;
  const yByLane = lanePositions(scene);
  const [first, last] = visibleRange(scene);
  const visibleCount = last - first;
  const step = Math.max(1, Math.ceil(visibleCount / MAX_SCANNED));
  const maxLines = maxLinesOf(scene);
  const column = Math.max(1, Math.min(8, visibleCount / maxLines));
  const laneCount = run.header.lanes.length;
  /** The column in which a message of each pair of lanes was drawn last. */
  const drawnAt = new Float64Array(laneCount * laneCount).fill(Number.NEGATIVE_INFINITY);
  const isCrowded = visibleCount > maxLines;
  let shownCount = 0;
  const isDimmed = highlight !== undefined;
  const opacity = isDimmed ? 0.14 : isCrowded ? 0.35 : visibleCount > 2_000 ? 0.55 : 0.85;

  const servers = new Path2D();
  const clients = new Path2D();
  for (let position = first; position < last && shownCount < maxLines; position += step) {
    const row = rows === undefined ? position : (rows[position] ?? 0);
    const flight = messageFlight[row] ?? -1;
    if (flight < 0) continue;
    const source = messageSource[row] ?? 0;
    const dest = messageDest[row] ?? 0;
    const [y1, y2] = [yByLane[source] ?? Number.NaN, yByLane[dest] ?? Number.NaN];
    if (Number.isNaN(y1) || Number.isNaN(y2)) continue;
    const sent = run.sent[row] ?? 0;
    const x1 = xOf(scene, sent);
    const x2 = xOf(scene, sent + flight);
    if (x2 < layout.left) continue;
    if (isCrowded) {
      const pair = source * laneCount + dest;
      const place = Math.floor(x1 / column);
      if (drawnAt[pair] === place) continue;
      drawnAt[pair] = place;
    }
    const isClient =
      run.header.lanes[source]?.role === "client" || run.header.lanes[dest]?.role === "client";
    const path = isClient ? clients : servers;
    path.moveTo(x1, y1);
    // Who sends to itself would be drawn on the lane's own line.
    if (source === dest) path.quadraticCurveTo((x1 + x2) / 2, y1 - layout.laneHeight * 0.7, x2, y2);
    else path.lineTo(x2, y2);
    shownCount++;
  }
  context.lineWidth = 1;
  context.globalAlpha = opacity * 0.6;
  context.strokeStyle = colors["client-message"];
  context.stroke(clients);
  context.globalAlpha = opacity;
  context.strokeStyle = colors.message;
  context.stroke(servers);
  context.globalAlpha = isDimmed ? 0.25 : 1;
  shownCount += drawLost(context, scene, yByLane);
  context.globalAlpha = 1;
  if (highlight !== undefined) drawLit(context, scene, highlight, yByLane);
  return { shownCount, visibleCount };
}

function maxLinesOf({ isMoving }: Scene): number {
  return isMoving ? MAX_LINES_MOVING : MAX_LINES;
}

function lanePositions({ layout, run }: Scene): Float64Array {
  const positions = new Float64Array(run.header.lanes.length).fill(Number.NaN);
  for (const [index, { lane }] of layout.lanes.entries()) {
    if (lane !== undefined) positions[lane] = yOf(layout, index);
  }
  return positions;
}

/** Messages that never arrived: a stub towards the receiver, with a cross at its end. */
function drawLost(context: CanvasRenderingContext2D, scene: Scene, yByLane: Float64Array): number {
  const { run, viewport, colors, rows } = scene;
  const { messageFlight } = run.columns;
  const from = lowerBound(run.sent, Math.floor(viewport.from));
  const to = lowerBound(run.sent, Math.ceil(viewport.to) + 1);
  const lost = rows === undefined ? run.lost : rows;
  const [first, last] = [lowerBound(lost, from), lowerBound(lost, to)];
  const path = new Path2D();
  let count = 0;
  let lastX = Number.NEGATIVE_INFINITY;
  const maxLines = maxLinesOf(scene) / 4;
  const isCrowded = last - first > maxLines;
  for (let position = first; position < last && count < maxLines; position++) {
    const row = lost[position] ?? 0;
    if ((messageFlight[row] ?? 0) >= 0) continue;
    const x = xOf(scene, run.sent[row] ?? 0);
    if (isCrowded && x - lastX < 1) continue;
    lastX = x;
    if (addLost(path, scene, row, yByLane)) count++;
  }
  context.strokeStyle = colors.lost;
  context.lineWidth = 1.25;
  context.stroke(path);
  return count;
}

function addLost(path: Path2D, scene: Scene, row: number, yByLane: Float64Array): boolean {
  const { messageSource, messageDest } = scene.run.columns;
  const y1 = yByLane[messageSource[row] ?? 0] ?? Number.NaN;
  const y2 = yByLane[messageDest[row] ?? 0] ?? Number.NaN;
  if (Number.isNaN(y1) || Number.isNaN(y2)) return false;
  const x = xOf(scene, scene.run.sent[row] ?? 0);
  const way = Math.sign(y2 - y1) * Math.min(Math.abs(y2 - y1), scene.layout.laneHeight * 0.6);
  const [endX, endY] = [x + 4, y1 + way];
  path.moveTo(x, y1);
  path.lineTo(endX, endY);
  addCross(path, endX, endY);
  return true;
}

function addCross(path: Path2D, x: number, y: number): void {
  path.moveTo(x - 3, y - 3);
  path.lineTo(x + 3, y + 3);
  path.moveTo(x - 3, y + 3);
  path.lineTo(x + 3, y - 3);
}

function drawLit(
  context: CanvasRenderingContext2D,
  scene: Scene,
  { messages }: Highlight,
  yByLane: Float64Array,
): void {
  const { run, colors, layout } = scene;
  const { messageSource, messageDest, messageFlight } = run.columns;
  const arrived = new Path2D();
  const heads = new Path2D();
  const lost = new Path2D();
  const crosses = new Path2D();
  for (const row of messages) {
    const flight = messageFlight[row] ?? -1;
    const y1 = yByLane[messageSource[row] ?? 0] ?? Number.NaN;
    const y2 = yByLane[messageDest[row] ?? 0] ?? Number.NaN;
    const x1 = xOf(scene, run.sent[row] ?? 0);
    const x2 = flight < 0 ? x1 + 12 : xOf(scene, (run.sent[row] ?? 0) + flight);
    if (Number.isNaN(y1) || Number.isNaN(y2) || x2 < layout.left || x1 > layout.width) continue;
    if (flight < 0) {
      // All the way, so that one sees where it was to go.
      lost.moveTo(x1, y1);
      lost.lineTo(x2, y2);
      addCross(crosses, x2, y2);
      continue;
    }
    arrived.moveTo(x1, y1);
    arrived.lineTo(x2, y2);
    addHead(heads, x1, y1, x2, y2);
  }
  context.lineWidth = 2;
  context.strokeStyle = colors.accent;
  context.fillStyle = colors.accent;
  context.stroke(arrived);
  context.fill(heads);
  context.strokeStyle = colors.lost;
  context.stroke(crosses);
  context.setLineDash([5, 3]);
  context.stroke(lost);
  context.setLineDash([]);
}

function addHead(path: Path2D, x1: number, y1: number, x2: number, y2: number): void {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const corner = (turn: number) =>
    [x2 - 8 * Math.cos(angle + turn), y2 - 8 * Math.sin(angle + turn)] as const;
  path.moveTo(x2, y2);
  path.lineTo(...corner(0.4));
  path.lineTo(...corner(-0.4));
  path.closePath();
}

/** Bars from invocations to completions, on the lanes of client threads. */
function drawOperations(context: CanvasRenderingContext2D, scene: Scene): void {
  const { run, layout, colors, highlight, viewport } = scene;
  const { operationThread, operationDuration } = run.columns;
  const indexOf = new Map(
    layout.lanes.flatMap(({ thread }, index) => (thread === undefined ? [] : [[thread, index]])),
  );
  if (indexOf.size === 0) return;
  const height = Math.max(4, Math.min(16, layout.laneHeight - 6));
  const drawnTo = new Float64Array(layout.lanes.length).fill(Number.NEGATIVE_INFINITY);
  const last = lowerBound(run.invoked, Math.ceil(viewport.to) + 1);
  const first = firstOperation(run, viewport.from);
  const hasLabels = layout.laneHeight >= 16;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (let row = first; row < last; row++) {
    const index = indexOf.get(operationThread[row] ?? 0);
    if (index === undefined) continue;
    const duration = operationDuration[row] ?? -1;
    const invoked = run.invoked[row] ?? 0;
    const end = duration < 0 ? run.end : invoked + duration;
    const x = xOf(scene, invoked);
    const width = Math.max(2, xOf(scene, end) - x);
    const isLit = highlight?.operations.has(row) === true;
    // What lies within a pixel that is painted already cannot be seen, unless it is of interest.
    const ending = run.endingOf(row);
    if (x + width <= (drawnTo[index] ?? 0) && !isLit && ending === "ok") continue;
    drawnTo[index] = x + Math.max(width, 1.5);
    const y = yOf(layout, index) - height / 2;
    context.globalAlpha = highlight === undefined || isLit ? 1 : 0.3;
    context.fillStyle = isLit ? colors.accent : colors[ending];
    context.fillRect(x, y, Math.max(1, width - 1), height);
    if (hasLabels && width > 44) {
      context.save();
      context.beginPath();
      context.rect(x, y, width - 3, height);
      context.clip();
      context.fillStyle = colors.surface;
      context.fillText(
        run.describe(row).slice(0, 120),
        Math.max(x, layout.left) + 4,
        y + height / 2,
      );
      context.restore();
    }
  }
  context.globalAlpha = 1;
}

/** The first operation that may still be under way at a time. */
function firstOperation(run: Run, from: number): number {
  return lowerBound(run.invoked, Math.floor(from) - longestOperation(run));
}

const longest = new WeakMap<Run, number>();

function longestOperation(run: Run): number {
  const known = longest.get(run);
  if (known !== undefined) return known;
  let result = 0;
  for (const [row, duration] of run.columns.operationDuration.entries()) {
    result = Math.max(result, duration < 0 ? run.end - (run.invoked[row] ?? 0) : duration);
  }
  longest.set(run, result);
  return result;
}

/** What lies at a place: an operation, else a message, else nothing. */
export type Hit =
  | { readonly kind: "operation"; readonly row: number }
  | { readonly kind: "message"; readonly row: number };

const REACH = 6;

export function hitAt(scene: Scene, x: number, y: number): Hit | undefined {
  const operation = operationAt(scene, x, y);
  if (operation !== undefined) return { kind: "operation", row: operation };
  const message = scene.hasMessages ? messageAt(scene, x, y) : undefined;
  return message === undefined ? undefined : { kind: "message", row: message };
}

function operationAt(scene: Scene, x: number, y: number): number | undefined {
  const { run, layout } = scene;
  const index = Math.floor((y - AXIS_HEIGHT) / layout.laneHeight);
  const thread = layout.lanes[index]?.thread;
  if (thread === undefined) return undefined;
  const { operationThread } = run.columns;
  const [from, to] = [ticksAt(scene, x - REACH), ticksAt(scene, x + REACH)];
  let best: number | undefined;
  let bestDistance = REACH;
  const last = lowerBound(run.invoked, Math.ceil(to) + 1);
  for (let row = firstOperation(run, from); row < last; row++) {
    if (operationThread[row] !== thread) continue;
    const begin = xOf(scene, run.invoked[row] ?? 0);
    const end = xOf(scene, run.endOf(row) ?? run.end);
    const distance = x < begin ? begin - x : x > end ? x - end : 0;
    if (distance < bestDistance) [best, bestDistance] = [row, distance];
  }
  return best;
}

function messageAt(scene: Scene, x: number, y: number): number | undefined {
  const { run, rows, layout } = scene;
  const { messageFlight, messageSource, messageDest } = run.columns;
  const yByLane = lanePositions(scene);
  const first = lowerBound(run.sent, Math.floor(ticksAt(scene, x - REACH)) - run.longestFlight);
  const last = lowerBound(run.sent, Math.ceil(ticksAt(scene, x + REACH)) + 1);
  const [begin, end] =
    rows === undefined ? [first, last] : [lowerBound(rows, first), lowerBound(rows, last)];
  let best: number | undefined;
  let bestDistance = REACH;
  for (let position = begin; position < end; position++) {
    const row = rows === undefined ? position : (rows[position] ?? 0);
    const y1 = yByLane[messageSource[row] ?? 0] ?? Number.NaN;
    const whole = yByLane[messageDest[row] ?? 0] ?? Number.NaN;
    if (Number.isNaN(y1) || Number.isNaN(whole)) continue;
    const flight = messageFlight[row] ?? -1;
    const x1 = xOf(scene, run.sent[row] ?? 0);
    const x2 = flight < 0 ? x1 + 4 : xOf(scene, (run.sent[row] ?? 0) + flight);
    const way = Math.sign(whole - y1) * Math.min(Math.abs(whole - y1), layout.laneHeight * 0.6);
    const distance = distanceTo(x, y, x1, y1, x2, flight < 0 ? y1 + way : whole);
    if (distance < bestDistance) [best, bestDistance] = [row, distance];
  }
  return best;
}

/** How far a point is from a line between two others. */
function distanceTo(x: number, y: number, x1: number, y1: number, x2: number, y2: number): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const square = dx * dx + dy * dy;
  const part =
    square === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / square));
  return Math.hypot(x - x1 - part * dx, y - y1 - part * dy);
}
