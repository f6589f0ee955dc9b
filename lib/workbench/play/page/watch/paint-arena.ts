/** Paints the arena: cuts, messages in flight, and what clients do. */

import { groupsOf } from "../../../nemesis/cut-groups.ts";
import type { Colors } from "../../../report/page/parts/colors.ts";
import { truncate, visibleLine } from "../../../report/page/parts/visible-text.ts";
import type { Run } from "../../../report/page/run/run.ts";
import type { Highlight } from "../../../report/page/run/selection.ts";
import { type Condition, isCut } from "./conditions.ts";
import type { Intervals } from "./intervals.ts";
import type { Place } from "./places.ts";

type Context = CanvasRenderingContext2D;

/** The arena at a moment. */
export interface ArenaScene {
  readonly run: Run;
  readonly colors: Colors;
  readonly places: readonly Place[];
  readonly nodes: readonly string[];
  readonly messages: Intervals;
  /** Flights of further copies, in ticks, by message. */
  readonly copies: ReadonlyMap<number, readonly number[]>;
  readonly operations: Intervals;
  readonly condition: Condition;
  /** Width and height, in pixels. */
  readonly size: number;
  /** Ticks. */
  readonly time: number;
  /** How long messages and ends of operations stay visible, in ticks. */
  readonly glow: number;
  /** The message of the event that has just happened. */
  readonly current: number | undefined;
  readonly highlight: Highlight | undefined;
  /** Whether messages stand still, halfway. */
  readonly isStill: boolean;
  /** A line that is being drawn to cut nodes off. */
  readonly stroke: readonly [Place, Place] | undefined;
}

/** A message as it was painted, in pixels. */
export interface Dot {
  readonly row: number;
  readonly x: number;
  readonly y: number;
}

/** Bounds what a frame draws; the latest are drawn. */
const MAX_MESSAGES = 400;
const MAX_OPERATIONS = 200;
const MAX_LABELS = 12;
const MAX_OPERATION_LABELS = 24;
const MAX_CLIENT_NAMES = 16;
/** Part of its way after which a message that never arrives is lost. */
const LOST_AT = 0.55;
const DOT_PX = 5;

export function paintArena(context: Context, scene: ArenaScene): readonly Dot[] {
  const { size } = scene;
  context.clearRect(0, 0, size, size);
  context.lineCap = "round";
  paintCuts(context, scene);
  paintClients(context, scene);
  const dots = paintMessages(context, scene);
  paintStroke(context, scene);
  return dots;
}

function paintStroke(context: Context, { stroke, colors, size }: ArenaScene): void {
  if (stroke === undefined) return;
  const [from, to] = stroke;
  context.strokeStyle = colors.lost;
  context.lineWidth = 2.5;
  context.setLineDash([9, 5]);
  context.beginPath();
  context.moveTo(from.x * size, from.y * size);
  context.lineTo(to.x * size, to.y * size);
  context.stroke();
  context.setLineDash([]);
}

/** Lines between groups of nodes that cannot reach each other; an arrow for each other link that is cut. */
function paintCuts(context: Context, scene: ArenaScene): void {
  const { nodes, condition, colors, places, run, size } = scene;
  if (condition.cuts.size === 0) return;
  const groups = groupsOf(nodes, (src, dest) => isCut(condition, src, dest));
  context.strokeStyle = colors.lost;
  context.setLineDash([7, 5]);
  context.lineWidth = 2;
  context.beginPath();
  if (groups === undefined) {
    const laneOf = new Map(run.header.lanes.map(({ name }, lane) => [name, lane]));
    context.lineWidth = 1;
    for (const [dest, sources] of condition.cuts) {
      for (const src of sources) {
        const [from, to] = [places[laneOf.get(src) ?? -1], places[laneOf.get(dest) ?? -1]];
        if (from === undefined || to === undefined) continue;
        const way = wayBetween(from, to, size);
        context.moveTo(way.x1, way.y1);
        context.lineTo(way.x2, way.y2);
        addCross(context, (way.x1 + way.x2) / 2, (way.y1 + way.y2) / 2);
      }
    }
  } else if (groups.length > 1) {
    const groupOf = new Map(groups.flatMap((group) => group.map((node) => [node, group])));
    for (const [index, node] of nodes.entries()) {
      const next = nodes[(index + 1) % nodes.length] ?? node;
      if (groupOf.get(node) === groupOf.get(next)) continue;
      // Through the gap between two neighbours, from the middle.
      const angle = (2 * Math.PI * (index + 0.5)) / nodes.length - Math.PI / 2;
      context.moveTo(size / 2, size / 2);
      context.lineTo(
        size * (0.5 + CUT_RADIUS * Math.cos(angle)),
        size * (0.5 + CUT_RADIUS * Math.sin(angle)),
      );
    }
  }
  context.stroke();
  context.setLineDash([]);
}

const CUT_RADIUS = 0.43;

/** Clients, with the operation that is in progress or has just ended. */
function paintClients(context: Context, scene: ArenaScene): void {
  const { run, colors, places, size, time, glow, highlight } = scene;
  context.fillStyle = colors.open;
  for (const [lane, { role }] of run.header.lanes.entries()) {
    const place = places[lane];
    if (role === "client" && place !== undefined) addDisc(context, place, size, 2.5);
  }
  context.font = LABEL_FONT;
  paintClientNames(context, scene);
  const laneOf = new Map(run.header.lanes.map(({ name }, lane) => [name, lane]));
  const shown = new Map<number, number>();
  const rows = scene.operations.within(time - glow, time, MAX_OPERATIONS);
  for (const row of rows) {
    const lane = laneOf.get(`client ${run.columns.operationThread[row]}`);
    // A client's latest operation takes the place of those before.
    if (lane !== undefined) shown.set(lane, row);
  }
  for (const [lane, row] of shown) {
    const place = places[lane];
    if (place === undefined) continue;
    const end = run.endOf(row);
    const hasEnded = end !== undefined && end <= time;
    context.globalAlpha = hasEnded ? Math.max(0.15, 1 - (time - end) / glow) : 1;
    context.fillStyle = hasEnded ? colors[run.outcomeOf(row)] : colors.text;
    addDisc(context, place, size, highlight?.operations.has(row) ? 6 : 4);
    if (shown.size <= MAX_OPERATION_LABELS) {
      const { invocation } = run.valuesOf(row);
      const mark = hasEnded ? MARKS[run.outcomeOf(row)] : "";
      const text = hasEnded ? run.describe(row) : `${run.functionOf(row)} ${invocation}`;
      paintLabel(context, scene, `${mark}${text}`, place.x * size, place.y * size - 12);
    }
    context.globalAlpha = 1;
  }
}

/** Names the clients below their discs: above is what they do. */
function paintClientNames(context: Context, scene: ArenaScene): void {
  const { run, colors, places, size } = scene;
  const clients = run.header.lanes.flatMap(({ name, role }, lane) => {
    const place = role === "client" ? places[lane] : undefined;
    return place === undefined ? [] : [{ name, place }];
  });
  if (clients.length > MAX_CLIENT_NAMES) return;
  context.fillStyle = colors.muted;
  for (const { name, place } of clients) {
    paintLabel(context, scene, name, place.x * size, place.y * size + 12);
  }
}

const MARKS = { ok: "✓ ", fail: "✗ ", info: "? ", open: "" } as const;

function paintMessages(context: Context, scene: ArenaScene): readonly Dot[] {
  const { run, time, glow } = scene;
  const dots: Dot[] = [];
  const flying: Flight[] = [];
  for (const row of scene.messages.within(time - glow, time, MAX_MESSAGES)) {
    const way = wayOf(scene, row);
    if (way === undefined) continue;
    const flight = run.columns.messageFlight[row] ?? -1;
    for (const each of [flight, ...(scene.copies.get(row) ?? [])]) {
      const painted = paintMessage(context, scene, row, way, each);
      if (painted === undefined) continue;
      dots.push(painted);
      if (painted.isFlying) flying.push(painted);
    }
  }
  context.globalAlpha = 1;
  paintMessageLabels(context, scene, flying);
  return dots;
}

/** A message as it was painted: how far it has come, from 0 to 1. */
interface Flight extends Dot {
  readonly part: number;
  readonly isFlying: boolean;
}

/**
 * Paints a message, or a copy of it: its way, and a dot while it is on it.
 *
 * @param flight Ticks; negative if it never arrives.
 */
function paintMessage(
  context: Context,
  scene: ArenaScene,
  row: number,
  way: Way,
  flight: number,
): Flight | undefined {
  const { run, time, glow, highlight, isStill } = scene;
  const sent = run.sent[row] ?? 0;
  const isLost = flight < 0;
  const end = sent + (isLost ? lostTicks(glow) : flight);
  if (time > end + glow) return undefined;
  const isMarked = highlight?.messages.has(row) === true || row === scene.current;
  const isFlying = time <= end;
  const left = isFlying ? 1 : 1 - (time - end) / Math.max(1, glow);
  const part = isStill ? 0.5 : end === sent ? 1 : Math.min(1, (time - sent) / (end - sent));
  const reached = isLost ? part * LOST_AT : part;
  const [x, y] = [way.x1 + (way.x2 - way.x1) * reached, way.y1 + (way.y2 - way.y1) * reached];
  const dim = highlight === undefined || isMarked ? 1 : 0.4;
  context.strokeStyle = colorOf(scene, row, isLost, isMarked);
  context.fillStyle = context.strokeStyle;
  context.globalAlpha = isMarked ? 0.9 : 0.4 * left * dim;
  context.lineWidth = isMarked ? 2 : 1.25;
  context.beginPath();
  context.moveTo(way.x1, way.y1);
  context.lineTo(isLost ? x : way.x2, isLost ? y : way.y2);
  context.stroke();
  if (isLost && part > 0.8) {
    context.globalAlpha = left * dim;
    context.lineWidth = 2.5;
    context.beginPath();
    addCross(context, x, y);
    context.stroke();
  } else if (isFlying || isMarked) {
    context.globalAlpha = dim;
    context.beginPath();
    context.arc(x, y, isMarked ? DOT_PX + 1.5 : DOT_PX, 0, 2 * Math.PI);
    context.fill();
  }
  return { row, x, y, part, isFlying: isFlying || isMarked };
}

function colorOf(
  { run, colors }: ArenaScene,
  row: number,
  isLost: boolean,
  isMarked: boolean,
): string {
  if (isLost) return colors.lost;
  if (isMarked) return colors.accent;
  const { messageSource, messageDest } = run.columns;
  const { lanes } = run.header;
  const isOfClient = [messageSource, messageDest].some(
    (column) => lanes[column[row] ?? 0]?.role === "client",
  );
  return isOfClient ? colors["client-message"] : colors.message;
}

/** Labels the marked messages, and all of them if they are few; not where a node would hide the text. */
function paintMessageLabels(context: Context, scene: ArenaScene, flying: readonly Flight[]): void {
  const { highlight, current, colors, run } = scene;
  const wanted = flying.filter(({ row, part }) => {
    if (highlight?.messages.has(row) || row === current) return true;
    return flying.length <= MAX_LABELS && part > 0.1 && part < 0.9;
  });
  context.font = LABEL_FONT;
  context.fillStyle = colors.text;
  for (const { row, x, y } of wanted.slice(-MAX_LABELS)) {
    paintLabel(context, scene, messageLabel(run, row), x, y - DOT_PX - 8);
  }
}

const LABEL_FONT = "11.5px system-ui, sans-serif";
const MAX_LABEL_LENGTH = 28;

function paintLabel(context: Context, scene: ArenaScene, text: string, x: number, y: number): void {
  const shown = truncate(visibleLine(text), MAX_LABEL_LENGTH);
  const half = context.measureText(shown).width / 2 + 3;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const middle = Math.min(Math.max(x, half), scene.size - half);
  context.lineWidth = 3;
  context.strokeStyle = scene.colors.surface;
  context.strokeText(shown, middle, y);
  context.fillText(shown, middle, y);
}

/** The time after which a message that never arrives is lost on its way. */
export function lostTicks(glow: number): number {
  return Math.max(1, glow);
}

interface Way {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** The way of a message; `undefined` if it stays where it is, as from a node to itself. */
function wayOf({ run, places, size }: ArenaScene, row: number): Way | undefined {
  const from = places[run.columns.messageSource[row] ?? -1];
  const to = places[run.columns.messageDest[row] ?? -1];
  return from === undefined || to === undefined || from === to
    ? undefined
    : wayBetween(from, to, size);
}

/** To the right of the straight line, so that the two directions do not overlap. */
function wayBetween(from: Place, to: Place, size: number): Way {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.max(1e-9, Math.sqrt(dx * dx + dy * dy));
  const [sideX, sideY] = [(-dy / length) * SIDE_PX, (dx / length) * SIDE_PX];
  return {
    x1: from.x * size + sideX,
    y1: from.y * size + sideY,
    x2: to.x * size + sideX,
    y2: to.y * size + sideY,
  };
}

const SIDE_PX = 4;

function addDisc(context: Context, { x, y }: Place, size: number, radius: number): void {
  context.beginPath();
  context.arc(x * size, y * size, radius, 0, 2 * Math.PI);
  context.fill();
}

function addCross(context: Context, x: number, y: number): void {
  context.moveTo(x - 4, y - 4);
  context.lineTo(x + 4, y + 4);
  context.moveTo(x - 4, y + 4);
  context.lineTo(x + 4, y - 4);
}

/** The fields of each message that say nothing about it. */
const DULL: ReadonlySet<string> = new Set(["type", "msg_id", "in_reply_to"]);

const labels = new WeakMap<Run, Map<number, string>>();

/** The type and the values of a message, in short: `"broadcast 5"`. */
export function messageLabel(run: Run, row: number): string {
  const known = labels.get(run) ?? new Map<number, string>();
  labels.set(run, known);
  return known.getOrInsertComputed(row, () => {
    const type = run.messageTypeOf(row);
    const values = valuesOf(run.bodyOf(row));
    return values === "" ? type : `${type} ${values}`;
  });
}

function valuesOf(body: string): string {
  try {
    const fields: unknown = JSON.parse(body);
    if (typeof fields !== "object" || fields === null) return "";
    return Object.entries(fields)
      .flatMap(([name, value]) => (DULL.has(name) ? [] : [JSON.stringify(value)]))
      .join(" ");
  } catch {
    // A long body is cut.
    return "";
  }
}
