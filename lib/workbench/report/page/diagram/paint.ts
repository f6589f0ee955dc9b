/**
 * Draws the diagrams: what is behind, what happened, what stands around.
 *
 * What happened can be a million messages, so it is painted in portions, each short enough for a
 * frame: stroking lines is what the time goes to, about 3 microseconds a line without a graphics card.
 */
import type { FaultSpan, Outcome } from "../../recorder/run-data.ts";
import type { Colors } from "../parts/colors.ts";
import { visible } from "../parts/visible-text.ts";
import type { Highlight } from "../run/selection.ts";
import {
  AXIS_HEIGHT,
  fitted,
  heightOf,
  type Layout,
  lanePositions,
  messagesWithin,
  niceStep,
  operationsWithin,
  positionsOf,
  type Range,
  type View,
  xOf,
  yOf,
} from "./geometry.ts";

/** What a diagram shows. */
export interface Scene extends View {
  readonly colors: Colors;
  readonly highlight: Highlight | undefined;
}

export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** A painting under way: each step is a slice; in the end, whether messages were left out. */
export type Painting = Generator<void, boolean>;

/** Messages drawn for each pixel of width, on average; where there are more, some are left out. */
const LINES_PER_PIXEL = 8;
/** A slice: so many lines or bars of usual length, or so many rows gone through. */
const WORK_PER_SLICE = 2_000;
const ROWS_PER_SLICE = 200_000;

/** Counts work, until there is enough of it for a slice. */
class Slice {
  #work = 0;

  /** @param work 1 is a line. */
  add(work: number): void {
    this.#work += work;
  }

  /** Whether a slice is full after another row, and so another begins. */
  isFull(): boolean {
    this.#work += ROW_WORK;
    if (this.#work < WORK_PER_SLICE) return false;
    this.#work = 0;
    return true;
  }
}

/** In pixels: half of what a line takes is by its length. */
const USUAL_LENGTH = 400;
const CROSS_WORK = 3;
const ROW_WORK = WORK_PER_SLICE / ROWS_PER_SLICE;

/** Clears all, and draws what stands behind and beside the events: faults, lanes, the axis, names. */
export function drawBackground(context: Context, scene: Scene): void {
  const { layout, run } = scene;
  const height = heightOf(layout);
  context.clearRect(0, 0, layout.width, height);
  withinTime(context, layout, () => {
    drawFaults(context, scene, run.header.faults, height);
    drawLanes(context, scene);
  });
  drawAxis(context, scene);
  drawNames(context, scene);
}

/** Draws nothing where the lanes' names are. */
export function withinTime(context: Context, { left, width, ...rest }: Layout, draw: () => void) {
  context.save();
  context.beginPath();
  context.rect(left, 0, width - left, heightOf({ left, width, ...rest }));
  context.clip();
  draw();
  context.restore();
}

/** Paints messages and operations. */
export function* paintEvents(context: Context, scene: Scene): Painting {
  const isSampled = scene.hasMessages ? yield* paintMessages(context, scene) : false;
  yield* paintOperations(context, scene);
  return isSampled;
}

/** About how much there is to paint: in lines, as if none were left out. */
export function workOf(scene: Scene): number {
  const count = ([first, last]: Range) => last - first;
  const messages = scene.hasMessages ? count(messagesWithin(scene, scene.time)) : 0;
  return messages + count(operationsWithin(scene, scene.time));
}

const FONT = "12px system-ui, sans-serif";

function drawFaults(
  context: Context,
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

function drawLanes(context: Context, { layout, colors }: Scene): void {
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

function drawAxis(context: Context, scene: Scene): void {
  const { run, time, colors, layout } = scene;
  const seconds = run.tickMs / 1000;
  const [from, to] = [time.from * seconds, time.to * seconds];
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

function drawNames(context: Context, { layout, colors }: Scene): void {
  context.fillStyle = colors.text;
  context.font = FONT;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const [index, { label }] of layout.lanes.entries()) {
    context.fillText(fitted(label, 14), layout.left - 8, yOf(layout, index), layout.left - 12);
  }
}

function* paintMessages(context: Context, scene: Scene): Painting {
  const { run, layout, rows, colors, highlight } = scene;
  const { messageSource, messageDest, messageFlight } = run.columns;
  const { lanes } = run.header;
  const yByLane = lanePositions(scene);
  const [first, last] = messagesWithin(scene, scene.time);
  const sample = yield* sampleOf(scene, yByLane, [first, last]);
  const isDimmed = highlight !== undefined;
  const opacity = isDimmed
    ? 0.14
    : sample !== undefined
      ? 0.35
      : last - first > 2_000
        ? 0.55
        : 0.85;
  let [servers, clients] = [new Path2D(), new Path2D()];
  const stroke = () => {
    context.lineWidth = 1;
    context.globalAlpha = opacity * 0.6;
    context.strokeStyle = colors["client-message"];
    context.stroke(clients);
    context.globalAlpha = opacity;
    context.strokeStyle = colors.message;
    context.stroke(servers);
    context.globalAlpha = 1;
    [servers, clients] = [new Path2D(), new Path2D()];
  };
  const slice = new Slice();
  for (let position = first; position < last; position++) {
    if (slice.isFull()) {
      stroke();
      yield;
    }
    const row = rows === undefined ? position : (rows[position] ?? 0);
    const flight = messageFlight[row] ?? -1;
    const source = messageSource[row] ?? 0;
    const dest = messageDest[row] ?? 0;
    if (flight < 0 || sample?.omits(row, source, dest) === true) continue;
    const [y1, y2] = [yByLane[source] ?? Number.NaN, yByLane[dest] ?? Number.NaN];
    if (Number.isNaN(y1) || Number.isNaN(y2)) continue;
    const sent = run.sent[row] ?? 0;
    const x1 = xOf(scene, sent);
    const x2 = xOf(scene, sent + flight);
    if (x2 < layout.left) continue;
    const isClient = lanes[source]?.role === "client" || lanes[dest]?.role === "client";
    const path = isClient ? clients : servers;
    path.moveTo(x1, y1);
    // Who sends to itself would be drawn on the lane's own line.
    if (source === dest) path.quadraticCurveTo((x1 + x2) / 2, y1 - layout.laneHeight * 0.7, x2, y2);
    else path.lineTo(x2, y2);
    slice.add(0.5 + Math.hypot(x2 - x1, y2 - y1) / USUAL_LENGTH);
  }
  stroke();
  yield;
  yield* paintLost(context, scene, yByLane);
  if (highlight !== undefined) paintLit(context, scene, highlight, yByLane);
  return sample !== undefined;
}

/** Which messages are drawn where there are too many. */
interface Sample {
  omits(row: number, source: number, dest: number): boolean;
}

/**
 * Half of the lines go to all pairs of lanes alike, so that rare messages do not drown; the other half
 * by how many messages they have, so that much looks like much. By chance, but always the same.
 */
function* sampleOf(
  { run, rows, layout }: Scene,
  yByLane: Float64Array,
  [first, last]: Range,
): Generator<void, Sample | undefined> {
  const maxLines = (layout.width - layout.left) * LINES_PER_PIXEL;
  if (last - first <= maxLines) return undefined;
  const { messageSource, messageDest } = run.columns;
  const laneCount = yByLane.length;
  const counts = new Uint32Array(laneCount * laneCount);
  const slice = new Slice();
  let total = 0;
  for (let position = first; position < last; position++) {
    if (slice.isFull()) yield;
    const row = rows === undefined ? position : (rows[position] ?? 0);
    const [source, dest] = [messageSource[row] ?? 0, messageDest[row] ?? 0];
    if (Number.isNaN(yByLane[source]) || Number.isNaN(yByLane[dest])) continue;
    const pair = source * laneCount + dest;
    counts[pair] = (counts[pair] ?? 0) + 1;
    total++;
  }
  if (total <= maxLines) return undefined;
  const pairCount = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  const [ofAll, ofPair] = [maxLines / 2 / total, maxLines / 2 / pairCount];
  /** Below these a row's own number, which is as good as drawn by lot, is drawn. */
  const bounds = Float64Array.from(counts, (count) => (ofAll + ofPair / count) * 2 ** 32);
  return {
    omits: (row, source, dest) => hashOf(row) >= (bounds[source * laneCount + dest] ?? 0),
  };
}

/** A number below 2^32 that looks as if drawn by lot, so that no pattern of the rows shows. */
function hashOf(row: number): number {
  const mixed = Math.imul(row ^ (row >>> 16), 0x45d9f3b);
  return Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b) >>> 0;
}

/** Messages that never arrived: a stub towards the receiver, with a cross at its end. */
function* paintLost(context: Context, scene: Scene, yByLane: Float64Array): Generator<void, void> {
  const { run, time, colors, rows, layout, highlight } = scene;
  const lost = rows === undefined ? run.lost : rows;
  const [first, last] = positionsOf(run, lost, time.from, time.to);
  let path = new Path2D();
  const stroke = () => {
    context.strokeStyle = colors.lost;
    context.lineWidth = 1.25;
    context.globalAlpha = highlight === undefined ? 1 : 0.25;
    context.stroke(path);
    context.globalAlpha = 1;
    path = new Path2D();
  };
  const slice = new Slice();
  const isCrowded = last - first > layout.width;
  let lastX = Number.NEGATIVE_INFINITY;
  for (let position = first; position < last; position++) {
    if (slice.isFull()) {
      stroke();
      yield;
    }
    const row = lost[position] ?? 0;
    if ((run.columns.messageFlight[row] ?? 0) >= 0) continue;
    const x = xOf(scene, run.sent[row] ?? 0);
    if (isCrowded && x - lastX < 1) continue;
    if (!addLost(path, scene, row, yByLane)) continue;
    lastX = x;
    slice.add(CROSS_WORK);
  }
  stroke();
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

function paintLit(
  context: Context,
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
function* paintOperations(context: Context, scene: Scene): Generator<void, void> {
  const { run, layout, colors, highlight } = scene;
  const { operationThread, operationDuration } = run.columns;
  const indexOf = new Map(
    layout.lanes.flatMap(({ thread }, index) => (thread === undefined ? [] : [[thread, index]])),
  );
  if (indexOf.size === 0) return;
  const height = Math.max(4, Math.min(16, layout.laneHeight - 6));
  const top = (index: number) => yOf(layout, index) - height / 2;
  const opacity = highlight === undefined ? 1 : 0.3;
  const bars = layout.lanes.map(() => new Bar());
  const flush = (index: number) => {
    const bar = bars[index];
    if (bar === undefined || bar.outcome === undefined) return;
    context.globalAlpha = opacity;
    context.fillStyle = colors[bar.outcome];
    context.fillRect(bar.from, top(index), Math.max(1, bar.to - bar.from - 1), height);
    context.globalAlpha = 1;
    bar.outcome = undefined;
  };
  const hasLabels = layout.laneHeight >= 16;
  const slice = new Slice();
  const [first, last] = operationsWithin(scene, scene.time);
  for (let row = first; row < last; row++) {
    if (slice.isFull()) yield;
    const index = indexOf.get(operationThread[row] ?? 0);
    const bar = index === undefined ? undefined : bars[index];
    if (index === undefined || bar === undefined || highlight?.operations.has(row)) continue;
    const duration = operationDuration[row] ?? -1;
    const invoked = run.invoked[row] ?? 0;
    const from = xOf(scene, invoked);
    const to = Math.max(from + 2, xOf(scene, duration < 0 ? run.end : invoked + duration));
    if (to < layout.left) continue;
    const outcome = run.outcomeOf(row);
    // What lies within a pixel that is painted already cannot be seen, unless it is of interest.
    if (to <= bar.to && outcome === "ok") continue;
    if (bar.takesIn(from, to, outcome)) continue;
    flush(index);
    slice.add(1);
    bar.begin(from, to, outcome);
    if (!hasLabels || to - from <= 44) continue;
    flush(index);
    paintLabel(context, scene, row, { from, to, top: top(index), height });
    slice.add(4);
  }
  for (const index of bars.keys()) flush(index);
  context.fillStyle = colors.accent;
  for (const row of highlight?.operations ?? []) {
    const index = indexOf.get(operationThread[row] ?? 0);
    if (index === undefined) continue;
    const from = xOf(scene, run.invoked[row] ?? 0);
    const to = Math.max(from + 3, xOf(scene, run.endOf(row) ?? run.end));
    if (to < layout.left || from > layout.width) continue;
    context.fillStyle = colors.accent;
    context.fillRect(from, top(index), to - from - 1, height);
    if (hasLabels && to - from > 44) {
      paintLabel(context, scene, row, { from, to, top: top(index), height });
    }
  }
}

/** A bar that grows by operations that end alike as long as no gap would be seen between them. */
class Bar {
  from = 0;
  to = Number.NEGATIVE_INFINITY;
  /** `undefined` if it has been painted. */
  outcome: Outcome | undefined;

  takesIn(from: number, to: number, outcome: Outcome): boolean {
    if (this.outcome !== outcome || from > this.to) return false;
    this.to = Math.max(this.to, to);
    return true;
  }

  begin(from: number, to: number, outcome: Outcome): void {
    this.from = outcome === "ok" ? Math.max(from, this.to) : from;
    this.to = to;
    this.outcome = outcome;
  }
}

function paintLabel(
  context: Context,
  { run, layout, colors }: Scene,
  row: number,
  bar: {
    readonly from: number;
    readonly to: number;
    readonly top: number;
    readonly height: number;
  },
): void {
  const { from, to, top, height } = bar;
  context.save();
  context.beginPath();
  context.rect(from, top, to - from - 3, height);
  context.clip();
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillStyle = colors.surface;
  const text = visible(run.describe(row).slice(0, 120));
  context.fillText(text, Math.max(from, layout.left) + 4, top + height / 2);
  context.restore();
}
