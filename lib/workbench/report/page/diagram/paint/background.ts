/** Paints what surrounds the events: faults, lanes, the time axis, names. */
import type { FaultSpan } from "../../../recorder/run-data.ts";
import { niceStep } from "../../parts/axis.ts";
import { truncate } from "../../parts/visible-text.ts";
import { AXIS_HEIGHT, heightOf, xOf, yOf } from "../geometry.ts";
import { paintLogMarks } from "./log-marks.ts";
import { type Context, type Scene, withinTime } from "./scene.ts";

const FONT = "12px system-ui, sans-serif";

/** Clears the canvas and paints the background. */
export function paintBackground(context: Context, scene: Scene): void {
  const { layout, run } = scene;
  const height = heightOf(layout);
  context.clearRect(0, 0, layout.width, height);
  withinTime(context, layout, () => {
    paintFaults(context, scene, run.header.faults, height);
    paintLanes(context, scene);
  });
  if (scene.hasMessages) paintLogMarks(context, scene);
  paintAxis(context, scene);
  paintNames(context, scene);
}

/** Paints a line at a moment. */
export function paintMoment(context: Context, scene: Scene, time: number): void {
  const { layout, colors } = scene;
  const x = xOf(scene, time);
  if (x < layout.left || x > layout.width) return;
  context.fillStyle = colors.accent;
  context.fillRect(Math.round(x) - 1, AXIS_HEIGHT - 8, 2, heightOf(layout));
}

function paintFaults(
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

function paintLanes(context: Context, { layout, colors }: Scene): void {
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

function paintAxis(context: Context, scene: Scene): void {
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

function paintNames(context: Context, { layout, colors }: Scene): void {
  context.fillStyle = colors.text;
  context.font = FONT;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const [index, { label }] of layout.lanes.entries()) {
    context.fillText(truncate(label, 14), layout.left - 8, yOf(layout, index), layout.left - 12);
  }
}
