/** A canvas of lanes that can be zoomed and panned by mouse, touch and keyboard. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Colors } from "../parts/colors.ts";
import type { Run } from "../run/run.ts";
import type { Highlight } from "../run/selection.ts";
import { heightOf, type LaneLayout, ticksAt } from "./geometry.ts";
import { type Hit, hitAt } from "./hit-test.ts";
import { drawBackground, type Scene } from "./paint.ts";
import { RasterCache } from "./raster-cache.ts";
import type { Viewport } from "./viewport.ts";

export interface LanesProps {
  readonly run: Run;
  readonly viewport: Viewport;
  readonly colors: Colors;
  readonly lanes: readonly LaneLayout[];
  readonly laneHeight: number;
  readonly rows?: Uint32Array | undefined;
  readonly highlight: Highlight | undefined;
  readonly hasMessages: boolean;
  readonly label: string;
  readonly onPick: (hit: Hit | undefined) => void;
  /** What is told of a place: of what lies there, else of the time. */
  readonly describe: (hit: Hit | undefined, ticks: number) => string | undefined;
  /** Told with each frame whether messages were left out, as there are too many. */
  readonly onSampled?: (isSampled: boolean) => void;
}

export function LanesCanvas(props: LanesProps) {
  const { run, viewport, colors, lanes, laneHeight, rows, highlight, hasMessages } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [tip, setTip] = useState<Tip>();
  const left = width < 600 ? 64 : 92;
  const layout = { lanes, laneHeight, width, left };
  const scene: Scene = { run, time: viewport, layout, colors, rows, highlight, hasMessages };
  const latest = useRef({ scene, props });
  latest.current = { scene, props };

  useLayoutEffect(() => {
    const parent = canvas.current?.parentElement;
    if (parent == null) return;
    const observer = new ResizeObserver(() => setWidth(parent.clientWidth));
    observer.observe(parent);
    setWidth(parent.clientWidth);
    return () => observer.disconnect();
  }, []);

  useDrawing(canvas, latest, viewport);
  useGestures(canvas, latest, setTip);

  return (
    <div class="lanes">
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it handles keys itself */}
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-label={`${props.label}. Arrow keys move in time, plus and minus zoom, 0 shows all, Escape puts out what is lit up.`}
        style={{ height: `${heightOf(layout)}px` }}
      />
      {tip === undefined ? null : (
        <div
          class="tip"
          role="tooltip"
          style={{
            left: `${Math.max(4, Math.min(tip.x + 14, width - 330))}px`,
            top: `${tip.y + 16}px`,
          }}
        >
          {tip.text}
        </div>
      )}
    </div>
  );
}

/** Draws the canvas whenever something about it changes. */
function useDrawing(canvas: CanvasRef, latest: LatestRef, viewport: Viewport): void {
  const frame = useRef(0);
  const isSeen = useRef(false);
  const pictures = useMemo(() => new RasterCache(), []);
  const draw = () => {
    frame.current = 0;
    const element = canvas.current;
    const context = element?.getContext("2d");
    const { scene, props } = latest.current;
    const { width } = scene.layout;
    if (element == null || context == null || width === 0) return;
    const ratio = devicePixelRatio;
    const size = [width, heightOf(scene.layout)].map((length) => Math.round(length * ratio));
    const [wide = 0, high = 0] = size;
    if (element.width !== wide) element.width = wide;
    if (element.height !== high) element.height = high;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawBackground(context, scene);
    const { begin: from, end: to } = viewport;
    const shown = pictures.show(context, scene, { from, to }, ratio);
    props.onSampled?.(shown.isSampled);
    if (shown.isUnfinished) redraw();
  };
  const redraw = () => {
    if (frame.current === 0) frame.current = requestAnimationFrame(draw);
  };
  useEffect(redraw);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const observer = new IntersectionObserver((entries) => {
      isSeen.current = entries.at(-1)?.isIntersecting ?? false;
      redraw();
    });
    observer.observe(element);
    // What cannot be seen need not follow each move.
    const unsubscribe = viewport.subscribe(() => {
      if (isSeen.current) redraw();
    });
    return () => {
      observer.disconnect();
      unsubscribe();
    };
  }, [viewport]);
}

type CanvasRef = { readonly current: HTMLCanvasElement | null };
type LatestRef = { readonly current: { readonly scene: Scene; readonly props: LanesProps } };
type Tip = { readonly x: number; readonly y: number; readonly text: string } | undefined;

/** Lets a canvas be zoomed, panned and picked from. */
function useGestures(canvas: CanvasRef, latest: LatestRef, setTip: (tip: Tip) => void): void {
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const pointers = new Map<number, { x: number; y: number }>();
    let hasMoved = false;
    const place = (event: MouseEvent) => {
      const box = element.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    const timeAt = (x: number) => ticksAt(latest.current.scene, x);

    const onDown = (event: PointerEvent) => {
      pointers.set(event.pointerId, place(event));
      hasMoved = false;
      element.setPointerCapture(event.pointerId);
    };
    const onMove = (event: PointerEvent) => {
      const { scene, props } = latest.current;
      const now = place(event);
      const before = pointers.get(event.pointerId);
      if (before === undefined) {
        const hit = hitAt(scene, now.x, now.y);
        element.style.cursor = hit === undefined ? "grab" : "pointer";
        const text = props.describe(hit, timeAt(now.x));
        setTip(text === undefined ? undefined : { ...now, text });
        return;
      }
      if (Math.abs(now.x - before.x) < 3 && !hasMoved) return;
      hasMoved = true;
      setTip(undefined);
      const { viewport } = props;
      const { layout } = scene;
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other === undefined) {
        const moved = (before.x - now.x) / (layout.width - layout.left);
        viewport.pan(moved);
      } else {
        const [apart, nowApart] = [Math.abs(before.x - other.x), Math.abs(now.x - other.x)];
        if (apart > 4 && nowApart > 4)
          viewport.zoom(nowApart / apart, timeAt((now.x + other.x) / 2));
      }
      pointers.set(event.pointerId, now);
    };
    const onUp = (event: PointerEvent) => {
      if (pointers.delete(event.pointerId) && !hasMoved) {
        const { x, y } = place(event);
        latest.current.props.onPick(hitAt(latest.current.scene, x, y));
      }
    };
    const onCancel = (event: PointerEvent) => pointers.delete(event.pointerId);
    const onLeave = () => setTip(undefined);
    const onDouble = (event: MouseEvent) => {
      latest.current.props.viewport.zoom(event.shiftKey ? 1 / 3 : 3, timeAt(place(event).x));
    };
    const onWheel = (event: WheelEvent) => {
      const { viewport } = latest.current.props;
      const { layout } = latest.current.scene;
      // Else the page could not be scrolled past the canvas.
      const isMeant = event.ctrlKey || event.metaKey || document.activeElement === element;
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        viewport.pan(event.deltaX / (layout.width - layout.left));
      } else if (isMeant) {
        event.preventDefault();
        setTip(undefined);
        viewport.zoom(1.0018 ** -event.deltaY, timeAt(place(event).x));
      }
    };
    const onKey = (event: KeyboardEvent) => {
      const { viewport } = latest.current.props;
      const actions: Record<string, () => void> = {
        ArrowLeft: () => viewport.pan(-0.15),
        ArrowRight: () => viewport.pan(0.15),
        "+": () => viewport.zoom(1.6),
        "=": () => viewport.zoom(1.6),
        "-": () => viewport.zoom(1 / 1.6),
        "0": () => viewport.showAll(),
        Escape: () => latest.current.props.onPick(undefined),
      };
      const action = event.ctrlKey || event.metaKey ? undefined : actions[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };

    const listening = new AbortController();
    const { signal } = listening;
    element.addEventListener("pointerdown", onDown, { signal });
    element.addEventListener("pointermove", onMove, { signal });
    element.addEventListener("pointerup", onUp, { signal });
    element.addEventListener("pointercancel", onCancel, { signal });
    element.addEventListener("pointerleave", onLeave, { signal });
    element.addEventListener("dblclick", onDouble, { signal });
    element.addEventListener("wheel", onWheel, { signal, passive: false });
    element.addEventListener("keydown", onKey, { signal });
    return () => listening.abort();
  }, []);
}
