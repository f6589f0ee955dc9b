/** The scene of a diagram, and the canvas context that it is painted on. */
import type { Colors } from "../../parts/colors.ts";
import type { Highlight } from "../../run/selection.ts";
import { heightOf, type Layout, type View } from "../geometry.ts";

export interface Scene extends View {
  readonly colors: Colors;
  readonly highlight: Highlight | undefined;
}

export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** A painting in progress, which yields between slices. Returns whether messages were sampled. */
export type Painting = Generator<void, boolean>;

/** Restricts drawing to the right of the lanes' names. */
export function withinTime(context: Context, layout: Layout, draw: () => void): void {
  const { left, width } = layout;
  context.save();
  context.beginPath();
  context.rect(left, 0, width - left, heightOf(layout));
  context.clip();
  draw();
  context.restore();
}
