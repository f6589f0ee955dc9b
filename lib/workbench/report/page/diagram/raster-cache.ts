/**
 * Keeps a diagram fluid however much it shows: a frame either draws all, where that is little, or
 * shows a part of a picture that was painted before, moved and stretched to the time that is wanted.
 * Meanwhile the next picture is painted, a slice a frame, and takes its place when it is ready.
 *
 * So a frame costs about the same with a thousand messages and with a million.
 */

import { heightOf, type Span, xOf } from "./geometry.ts";
import { type Context, paintEvents, type Scene, withinTime, workOf } from "./paint.ts";

/** The events of a stretch of time, on a canvas of its own that is transparent elsewhere. */
interface Raster {
  readonly scene: Scene;
  /** Pixels of the screen for one of the page. */
  readonly ratio: number;
  readonly canvas: OffscreenCanvas;
  readonly isSampled: boolean;
}

/** As much as a frame draws at once, in lines. */
const MAX_AT_ONCE = 3_000;
/** How much before and after what is shown a picture has, in parts of that. */
const MARGIN = 0.5;
/** With less of a margin left than this, another picture is painted. */
const LEAST_MARGIN = 0.15;

/** What came of showing. */
export interface Shown {
  /** Whether the next frame will show it better. */
  readonly isUnfinished: boolean;
  /** Whether messages were left out, as there are too many. */
  readonly isSampled: boolean;
}

export class RasterCache {
  #ready: Raster | undefined;
  #next: Generator<void, Raster> | undefined;

  /**
   * Draws the events of a scene.
   *
   * @param all The whole time that there is.
   */
  show(context: Context, scene: Scene, all: Span, ratio: number): Shown {
    if (workOf(scene) <= MAX_AT_ONCE) {
      this.#next = undefined;
      withinTime(context, scene.layout, () => finish(paintEvents(context, scene)));
      return { isUnfinished: false, isSampled: false };
    }
    let picture = this.#ready;
    if (picture === undefined || !isAlike(picture, scene, ratio)) {
      // What is shown is another thing than before: an old picture would be wrong.
      this.#next = undefined;
      picture = finish(paintRaster(scene, all, ratio));
    } else {
      if (!isGoodFor(picture, scene, all)) this.#next ??= paintRaster(scene, all, ratio);
      const step = this.#next?.next();
      if (step?.done === true) {
        this.#next = undefined;
        if (isAlike(step.value, scene, ratio)) picture = step.value;
      }
    }
    this.#ready = picture;
    cutOut(context, scene, picture);
    const isUnfinished = this.#next !== undefined || !isGoodFor(picture, scene, all);
    return { isUnfinished, isSampled: picture.isSampled };
  }
}

function finish<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Paints the time of a scene, and a margin around it. */
function* paintRaster(scene: Scene, all: Span, ratio: number): Generator<void, Raster> {
  const { layout, time } = scene;
  const wanted = within(all, time, MARGIN);
  const width = (layout.width - layout.left) * ((wanted.to - wanted.from) / (time.to - time.from));
  const painted = { ...scene, time: wanted, layout: { ...layout, left: 0, width } };
  const height = heightOf(layout);
  const canvas = new OffscreenCanvas(Math.ceil(width * ratio), Math.ceil(height * ratio));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("There is no room for another canvas");
  context.scale(ratio, ratio);
  const painting = paintEvents(context, painted);
  for (;;) {
    const { done, value } = painting.next();
    // A canvas only notes down what is drawn until somebody looks: here each slice by itself.
    context.getImageData(0, 0, 1, 1);
    if (done === true) return { scene: painted, ratio, canvas, isSampled: value };
    yield;
  }
}

/** A time with a margin, as far as there is any. */
function within(all: Span, { from, to }: Span, margin: number): Span {
  const room = (to - from) * margin;
  return { from: Math.max(all.from, from - room), to: Math.min(all.to, to + room) };
}

/** Whether a picture shows the same things, if not at the same time. */
function isAlike({ scene, ratio }: Raster, wanted: Scene, wantedRatio: number): boolean {
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

/** Whether a picture is as sharp as it can be, and will be for the next few frames. */
function isGoodFor({ scene }: Raster, wanted: Scene, all: Span): boolean {
  const needed = within(all, wanted.time, LEAST_MARGIN);
  return (
    Math.abs(scaleOf(scene) / scaleOf(wanted) - 1) < 1e-6 &&
    scene.time.from <= needed.from &&
    scene.time.to >= needed.to
  );
}

/** Pixels a tick. */
function scaleOf({ layout, time }: Scene): number {
  return (layout.width - layout.left) / (time.to - time.from);
}

/** Puts that part of a picture where it belongs which is wanted, if it has it. */
function cutOut(context: Context, scene: Scene, { canvas, scene: painted, ratio }: Raster): void {
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
    // Pixel by pixel: sharp, and quick.
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
