/** Nodes and services on a circle, and the messages between them. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Colors } from "../../../report/page/parts/colors.ts";
import { visible } from "../../../report/page/parts/visible-text.ts";
import type { Run } from "../../../report/page/run/run.ts";
import type { Highlight } from "../../../report/page/run/selection.ts";
import { briefOf } from "../../engine/shown-text.ts";
import { type Condition, conditionAt } from "./conditions.ts";
import { type Inspections, stateAt } from "./inspections.ts";
import { Intervals } from "./intervals.ts";
import { type ArenaScene, type Dot, lostTicks, paintArena } from "./paint-arena.ts";
import { type Place, placesOf } from "./places.ts";
import { type Playhead, SPEEDS } from "./playhead.ts";
import { useMoment } from "./use-playhead.ts";

interface ArenaProps {
  readonly run: Run;
  readonly conditions: readonly Condition[];
  readonly index: ArenaIndex;
  readonly playhead: Playhead;
  readonly colors: Colors;
  readonly highlight: Highlight | undefined;
  /** The states of nodes that are shown beside them, by node. */
  readonly inspections: Inspections;
  readonly isStill: boolean;
  /** The name of the selected node or service. */
  readonly node: string | undefined;
  readonly onNode: (name: string | undefined) => void;
  readonly onMessage: (row: number | undefined) => void;
  /** Called with the nodes on the one side of a line that was drawn. Absent: no line is being drawn. */
  readonly onCut: ((nodes: readonly string[]) => void) | undefined;
}

/** How long a message or an end of an operation stays visible, in ms before the screen. */
const GLOW_MS = 400;
/** Distance within which a message is hit, in pixels. */
const REACH_PX = 14;
const MAX_SIZE = 640;

export function Arena(props: ArenaProps) {
  const { run, conditions, index, playhead, node, onNode } = props;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const dots = useRef<readonly Dot[]>([]);
  const stroke = useRef<readonly [Place, Place] | undefined>(undefined);
  const [size, setSize] = useState(0);
  const latest = useRef(props);
  latest.current = props;

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = () => setSize(Math.min(element.clientWidth, MAX_SIZE));
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  const frame = useRef(0);
  const draw = () => {
    frame.current = 0;
    const context = canvas.current?.getContext("2d");
    if (context == null || size === 0) return;
    const scene = sceneOf(latest.current, size, stroke.current);
    const ratio = devicePixelRatio;
    const pixels = Math.round(size * ratio);
    if (context.canvas.width !== pixels) context.canvas.width = context.canvas.height = pixels;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    dots.current = paintArena(context, scene);
  };
  const redraw = () => {
    if (frame.current === 0) frame.current = requestAnimationFrame(() => latestDraw.current());
  };
  const latestDraw = useRef(draw);
  latestDraw.current = draw;
  useEffect(redraw);
  useEffect(() => playhead.subscribe(redraw), [playhead]);

  const place = (event: MouseEvent): Place => {
    const { left, top } = canvas.current?.getBoundingClientRect() ?? { left: 0, top: 0 };
    return { x: (event.clientX - left) / size, y: (event.clientY - top) / size };
  };
  const onDown = (event: PointerEvent) => {
    if (props.onCut === undefined) return;
    canvas.current?.setPointerCapture(event.pointerId);
    stroke.current = [place(event), place(event)];
  };
  const onMove = (event: PointerEvent) => {
    if (stroke.current === undefined) return;
    stroke.current = [stroke.current[0], place(event)];
    redraw();
  };
  const onUp = (event: PointerEvent) => {
    const drawn = stroke.current;
    stroke.current = undefined;
    redraw();
    if (drawn !== undefined) {
      props.onCut?.(beside(drawn, index));
      return;
    }
    const { x, y } = place(event);
    props.onMessage(nearest(dots.current, x * size, y * size));
  };

  useMoment(playhead);
  const condition = conditionAt(conditions, playhead.time);
  return (
    <div class="arena" ref={box}>
      <div class="arena-square" style={{ "--size": `${size}px` }}>
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: the canvas handles keys itself */}
        <canvas
          ref={canvas}
          tabIndex={0}
          role="application"
          aria-label="Messages between nodes. Space plays and pauses, left and right go from event to event, up and down change the speed, Home and End go to the ends, Escape clears the selection."
          class={props.onCut === undefined ? "" : "cutting"}
          onPointerDown={onDown}
          onPointerMove={onMove}
          onPointerUp={onUp}
          onKeyDown={(event) => {
            if (handleKey(event.key, props)) event.preventDefault();
          }}
        />
        {run.header.lanes.map(({ name, role }, lane) => {
          const at = index.places[lane];
          if (role === "client" || at === undefined) return null;
          const state = condition.down.has(name)
            ? "down"
            : condition.paused.has(name)
              ? "paused"
              : "up";
          const detail = state === "up" ? brief(props, name) : STATES[state];
          return (
            <button
              type="button"
              key={name}
              class={`participant ${role} ${state}${index.nodes.length > 12 ? " small" : index.nodes.length <= 7 ? " large" : ""}`}
              style={{ left: `${at.x * 100}%`, top: `${at.y * 100}%` }}
              aria-pressed={name === node}
              aria-label={[visible(name), role, ...new Set([STATES[state], detail])]
                .filter((part) => part !== "")
                .join(", ")}
              onClick={() => onNode(name === node ? undefined : name)}
            >
              {visible(name)}
              {detail === "" ? null : <span class="state">{detail}</span>}
            </button>
          );
        })}
      </div>
    </div>
  );
}

/** The state that the program of a node shows, in a few letters. */
function brief({ run, inspections, playhead }: ArenaProps, node: string): string {
  const inspection = inspections.get(node);
  const state = inspection ? stateAt(inspection, playhead.time, run.header.tickNs) : undefined;
  return state === undefined ? "" : visible(briefOf(state));
}

const STATES = { up: "running", down: "down", paused: "paused" } as const;

/** Lookups in a run that each frame needs. */
export interface ArenaIndex {
  readonly places: readonly Place[];
  readonly nodes: readonly string[];
  readonly messages: Intervals;
  /** Flights of further copies, in ticks, by message. */
  readonly copies: ReadonlyMap<number, readonly number[]>;
  readonly operations: Intervals;
}

export function useArenaIndex(run: Run): ArenaIndex {
  return useMemo(() => {
    const { messageFlight, duplicateOf, duplicateFlight } = run.columns;
    const copies = new Map<number, number[]>();
    for (const [index, row] of duplicateOf.entries()) {
      copies.set(row, [...(copies.get(row) ?? []), duplicateFlight[index] ?? 0]);
    }
    const endOfMessage = (row: number) =>
      (run.sent[row] ?? 0) + Math.max(0, messageFlight[row] ?? 0, ...(copies.get(row) ?? []));
    return {
      places: placesOf(run),
      nodes: run.header.lanes.flatMap(({ name, role }) => (role === "node" ? [name] : [])),
      messages: new Intervals(run.sent, endOfMessage),
      copies,
      operations: new Intervals(run.invoked, (row) => run.endOf(row) ?? run.end),
    };
  }, [run]);
}

function sceneOf(
  { run, conditions, index, playhead, colors, highlight, isStill }: ArenaProps,
  size: number,
  stroke: readonly [Place, Place] | undefined,
): ArenaScene {
  const event = playhead.scope.events.at(playhead.position);
  const isMessage = event?.kind === "send" || event?.kind === "receive";
  const glow = (GLOW_MS * playhead.speed) / run.tickMs;
  return {
    ...{ run, colors, highlight, isStill, size, stroke, ...index },
    time: playhead.time,
    condition: conditionAt(conditions, playhead.time),
    glow: Math.max(lostTicks(glow), 1),
    current: isMessage && !playhead.isPlaying ? event.row : undefined,
  };
}

function nearest(dots: readonly Dot[], x: number, y: number): number | undefined {
  let best: number | undefined;
  let bestDistance = REACH_PX;
  for (const dot of dots) {
    const distance = Math.hypot(dot.x - x, dot.y - y);
    if (distance <= bestDistance) [best, bestDistance] = [dot.row, distance];
  }
  return best;
}

/** The nodes to the left of a line, seen in its direction. */
function beside(
  [from, to]: readonly [Place, Place],
  { places, nodes }: ArenaIndex,
): readonly string[] {
  return nodes.filter((_, lane) => {
    // The nodes are the first lanes.
    const { x, y } = places[lane] ?? from;
    return (to.x - from.x) * (y - from.y) - (to.y - from.y) * (x - from.x) < 0;
  });
}

/** Returns whether the key has a meaning. */
export function handleKey(
  key: string,
  { playhead, onMessage, onNode }: Pick<ArenaProps, "playhead" | "onMessage" | "onNode">,
): boolean {
  const changeSpeed = (direction: number) => {
    const current = SPEEDS.findIndex((speed) => speed >= playhead.speed);
    playhead.setSpeed(SPEEDS[current + direction] ?? playhead.speed);
  };
  const actions: Readonly<Record<string, () => void>> = {
    " ": () => (playhead.isPlaying ? playhead.pause() : playhead.play()),
    ArrowLeft: () => playhead.step(-1),
    ArrowRight: () => playhead.step(1),
    ArrowUp: () => changeSpeed(1),
    ArrowDown: () => changeSpeed(-1),
    Home: () => playhead.seek(playhead.scope.begin),
    End: () => playhead.seek(playhead.scope.end),
    Escape: () => {
      onMessage(undefined);
      onNode(undefined);
    },
  };
  if (!Object.hasOwn(actions, key)) return false;
  actions[key]?.();
  return true;
}
