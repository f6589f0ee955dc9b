/** A canvas of lanes that can be zoomed and panned by mouse, touch and keyboard. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Colors } from "./colors.ts";
import {
  type Drawn,
  draw,
  type Hit,
  heightOf,
  hitAt,
  type LaneLayout,
  type Scene,
  ticksAt,
} from "./diagram.ts";
import type { Run } from "./model.ts";
import type { Highlight } from "./selection.ts";
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
  readonly describe: (hit: Hit) => string;
  readonly onDrawn?: (drawn: Drawn) => void;
}

/** How long the time must not have moved to be at rest. */
const REST_MS = 150;

export function LanesCanvas(props: LanesProps) {
  const { run, viewport, colors, lanes, laneHeight, rows, highlight, hasMessages } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [tip, setTip] = useState<{
    readonly x: number;
    readonly y: number;
    readonly text: string;
  }>();
  const left = width < 600 ? 64 : 92;
  const layout = { lanes, laneHeight, width, left };
  const scene: Scene = {
    run,
    viewport,
    layout,
    colors,
    rows: rows,
    highlight,
    hasMessages,
    isMoving: false,
  };
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

  const frame = useRef(0);
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  const isMoving = useRef(false);
  const redraw = () => {
    if (frame.current !== 0) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      const element = canvas.current;
      const context = element?.getContext("2d");
      const current = latest.current;
      const { width: wide } = current.scene.layout;
      if (element == null || context == null || wide === 0) return;
      const ratio = devicePixelRatio;
      const height = heightOf(current.scene.layout);
      if (
        element.width !== Math.round(wide * ratio) ||
        element.height !== Math.round(height * ratio)
      ) {
        element.width = Math.round(wide * ratio);
        element.height = Math.round(height * ratio);
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const drawn = draw(context, { ...current.scene, isMoving: isMoving.current });
      if (!isMoving.current) current.props.onDrawn?.(drawn);
    });
  };
  useEffect(redraw);
  const move = () => {
    isMoving.current = true;
    clearTimeout(rest.current);
    rest.current = setTimeout(() => {
      isMoving.current = false;
      redraw();
    }, REST_MS);
    redraw();
  };
  useEffect(() => viewport.subscribe(move), [viewport]);

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

type Tip = { readonly x: number; readonly y: number; readonly text: string } | undefined;

/** Lets a canvas be zoomed, panned and picked from. */
function useGestures(
  canvas: { readonly current: HTMLCanvasElement | null },
  latest: { readonly current: { readonly scene: Scene; readonly props: LanesProps } },
  setTip: (tip: Tip) => void,
): void {
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
        setTip(hit === undefined ? undefined : { ...now, text: props.describe(hit) });
        return;
      }
      if (Math.abs(now.x - before.x) < 3 && !hasMoved) return;
      hasMoved = true;
      setTip(undefined);
      const { viewport, layout } = scene;
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
      latest.current.scene.viewport.zoom(event.shiftKey ? 1 / 3 : 3, timeAt(place(event).x));
    };
    const onWheel = (event: WheelEvent) => {
      const { viewport, layout } = latest.current.scene;
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
      const { viewport } = latest.current.scene;
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
