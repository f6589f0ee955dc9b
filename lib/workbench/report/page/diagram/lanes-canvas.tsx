/** A canvas of lanes over time. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Colors } from "../parts/colors.ts";
import type { Run } from "../run/run.ts";
import type { Highlight, Selection } from "../run/selection.ts";
import { heightOf, type LaneLayout } from "./geometry.ts";
import { type CanvasRef, type Tip, useGestures } from "./gestures.ts";
import { paintBackground, paintMoment } from "./paint/background.ts";
import type { Scene } from "./paint/scene.ts";
import { RasterCache } from "./raster-cache.ts";
import type { Viewport } from "./viewport.ts";

/** Shared by all diagrams of a page: one visible time, one highlight. */
export interface DiagramProps {
  readonly run: Run;
  readonly viewport: Viewport;
  readonly colors: Colors;
  readonly highlight: Highlight | undefined;
  readonly onSelect: (selection: Selection | undefined) => void;
}

interface LanesProps extends DiagramProps {
  readonly lanes: readonly LaneLayout[];
  readonly laneHeight: number;
  readonly rows?: Uint32Array | undefined;
  readonly hasMessages: boolean;
  readonly label: string;
  /** Called with each frame: whether only a sample of the messages was drawn. */
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
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: the canvas handles keys itself */}
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-label={`${props.label}. Arrow keys pan, plus and minus zoom, 0 shows the whole run, Escape clears the selection.`}
        style={{ "--height": `${heightOf(layout)}px` }}
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

/** Pause after the last move until a canvas off screen is redrawn, in ms. */
const PAUSE_MS = 120;

type LatestProps = { readonly current: { readonly scene: Scene; readonly props: LanesProps } };

/** Redraws the canvas when its props or the visible time change. */
function useDrawing(canvas: CanvasRef, latest: LatestProps, viewport: Viewport): void {
  const frame = useRef(0);
  const isOnScreen = useRef(false);
  const rasters = useMemo(() => new RasterCache(), []);
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
    paintBackground(context, scene);
    const { begin: from, end: to } = viewport;
    const frameDrawn = rasters.draw(context, scene, { from, to }, ratio);
    if (viewport.marked !== undefined) paintMoment(context, scene, viewport.marked);
    props.onSampled?.(frameDrawn.isSampled);
    if (frameDrawn.isUnfinished) redraw();
  };
  const redraw = () => {
    if (frame.current === 0) frame.current = requestAnimationFrame(draw);
  };
  useEffect(redraw);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const observer = new IntersectionObserver((entries) => {
      isOnScreen.current = entries.at(-1)?.isIntersecting ?? false;
      redraw();
    });
    observer.observe(element);
    // A canvas off screen need not follow each move, only the last: it may be printed.
    let timer = 0;
    const unsubscribe = viewport.subscribe(() => {
      window.clearTimeout(timer);
      if (isOnScreen.current) redraw();
      else timer = window.setTimeout(redraw, PAUSE_MS);
    });
    return () => {
      observer.disconnect();
      window.clearTimeout(timer);
      unsubscribe();
    };
  }, [viewport]);
}
