/**
 * Keeps diagrams fluid whatever they show. A frame with few events paints them all. A frame with many
 * copies from a raster painted earlier, moved and stretched to the visible time; the next raster is
 * painted one slice per frame and replaces it when complete.
 *
 * So a frame costs about the same with a thousand messages and with a million.
 */
import { heightOf, type Span, xOf } from "./geometry.ts";
import { paintEvents, workOf } from "./paint/events.ts";
import { type Context, type Scene, withinTime } from "./paint/scene.ts";

/** The events of a time range, on a transparent canvas of their own. */
interface Raster {
  readonly scene: Scene;
  /** Device pixels per CSS pixel. */
  readonly ratio: number;
  readonly canvas: OffscreenCanvas;
  readonly isSampled: boolean;
}

/** Maximum work of a frame without a raster, in lines. */
const MAX_DIRECT_WORK = 3_000;
/** Margin of a raster before and after the visible time, as a fraction of it. */
const MARGIN = 0.5;
/** Margin below which another raster is painted. */
const MIN_MARGIN = 0.15;

export interface DrawnFrame {
  /** Whether further frames will sharpen the picture. */
  readonly isUnfinished: boolean;
  /** Whether only a sample of the messages was drawn. */
  readonly isSampled: boolean;
}

export class RasterCache {
  #ready: Raster | undefined;
  #next: Generator<void, Raster> | undefined;

  /**
   * Draws the events of a scene.
   *
   * @param all The time range of the whole run.
   * @param ratio Device pixels per CSS pixel.
   */
  draw(context: Context, scene: Scene, all: Span, ratio: number): DrawnFrame {
    if (workOf(scene) <= MAX_DIRECT_WORK) {
      this.#next = undefined;
      withinTime(context, scene.layout, () => runToEnd(paintEvents(context, scene)));
      return { isUnfinished: false, isSampled: false };
    }
    let raster = this.#ready;
    if (raster === undefined || !hasSameContent(raster, scene, ratio)) {
      // The old raster shows something else, so paint this one at once.
      this.#next = undefined;
      raster = runToEnd(paintRaster(scene, all, ratio));
    } else {
      if (!isSharp(raster, scene, all)) this.#next ??= paintRaster(scene, all, ratio);
      const step = this.#next?.next();
      if (step?.done === true) {
        this.#next = undefined;
        if (hasSameContent(step.value, scene, ratio)) raster = step.value;
      }
    }
    this.#ready = raster;
    copyVisible(context, scene, raster);
    const isUnfinished = this.#next !== undefined || !isSharp(raster, scene, all);
    return { isUnfinished, isSampled: raster.isSampled };
  }
}

function runToEnd<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Paints the visible time of a scene and a margin around it. */
function* paintRaster(scene: Scene, all: Span, ratio: number): Generator<void, Raster> {
  const { layout, time } = scene;
  const wanted = withMargin(time, MARGIN, all);
  const width = (layout.width - layout.left) * ((wanted.to - wanted.from) / (time.to - time.from));
  const painted = { ...scene, time: wanted, layout: { ...layout, left: 0, width } };
  const height = heightOf(layout);
  const canvas = new OffscreenCanvas(Math.ceil(width * ratio), Math.ceil(height * ratio));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("Cannot allocate another canvas");
  context.scale(ratio, ratio);
  const painting = paintEvents(context, painted);
  for (;;) {
    const { done, value } = painting.next();
    // Canvases defer drawing until they are read; reading now keeps each slice's work in its frame.
    context.getImageData(0, 0, 1, 1);
    if (done === true) return { scene: painted, ratio, canvas, isSampled: value };
    yield;
  }
}

/** Extends a time range by a margin, within the limits. */
function withMargin({ from, to }: Span, margin: number, limits: Span): Span {
  const room = (to - from) * margin;
  return { from: Math.max(limits.from, from - room), to: Math.min(limits.to, to + room) };
}

/** Whether a raster shows the wanted content, possibly at another time. */
function hasSameContent({ scene, ratio }: Raster, wanted: Scene, wantedRatio: number): boolean {
  return (
    ratio === wantedRatio &&
    scene.run === wanted.run &&
    scene.rows === wanted.rows &&
    scene.highlight === wanted.highlight &&
    scene.colors === wanted.colors &&
    scene.layout.lanes === wanted.layout.lanes &&
    scene.layout.laneHeight === wanted.layout.laneHeight
  );
}

/** Whether a raster has the wanted scale, and enough margin for the next few frames. */
function isSharp({ scene }: Raster, wanted: Scene, all: Span): boolean {
  const needed = withMargin(wanted.time, MIN_MARGIN, all);
  return (
    Math.abs(pixelsPerTick(scene) / pixelsPerTick(wanted) - 1) < 1e-6 &&
    scene.time.from <= needed.from &&
    scene.time.to >= needed.to
  );
}

function pixelsPerTick({ layout, time }: Scene): number {
  return (layout.width - layout.left) / (time.to - time.from);
}

/** Copies the visible part of a raster, stretched if the scale differs. */
function copyVisible(
  context: Context,
  scene: Scene,
  { canvas, scene: painted, ratio }: Raster,
): void {
  const from = Math.max(scene.time.from, painted.time.from);
  const to = Math.min(scene.time.to, painted.time.to);
  if (from >= to) return;
  const [x, end] = [xOf(scene, from), xOf(scene, to)];
  const sourceX = xOf(painted, from) * ratio;
  const width = xOf(painted, to) * ratio - sourceX;
  const isSameScale = Math.abs(width / ratio / (end - x) - 1) < 1e-3;
  context.imageSmoothingEnabled = !isSameScale;
  const height = heightOf(scene.layout);
  if (isSameScale) {
    // Whole pixels: sharp and fast.
    const begin = Math.round(sourceX);
    const count = Math.min(Math.round(width), canvas.width - begin);
    const at = Math.round(x * ratio) / ratio;
    context.drawImage(
      canvas,
      begin,
      0,
      count,
      canvas.height,
      at,
      0,
      count / ratio,
      canvas.height / ratio,
    );
  } else {
    context.drawImage(canvas, sourceX, 0, width, canvas.height, x, 0, end - x, height);
  }
}
