/** Paints the messages that never arrived: a stub towards the receiver, ending in a cross. */
import { positionsOf, xOf } from "../geometry.ts";
import type { Context, Scene } from "./scene.ts";
import { Slice } from "./slice.ts";

/** Work of a stub and its cross, in lines. */
const CROSS_WORK = 3;

export function* paintLostMessages(
  context: Context,
  scene: Scene,
  yByLane: Float64Array,
): Generator<void, void> {
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
    if (!addStub(path, scene, row, yByLane)) continue;
    lastX = x;
    slice.add(CROSS_WORK);
  }
  stroke();
}

function addStub(path: Path2D, scene: Scene, row: number, yByLane: Float64Array): boolean {
  const { messageSource, messageDest } = scene.run.columns;
  const y1 = yByLane[messageSource[row] ?? 0] ?? Number.NaN;
  const y2 = yByLane[messageDest[row] ?? 0] ?? Number.NaN;
  if (Number.isNaN(y1) || Number.isNaN(y2)) return false;
  const x = xOf(scene, scene.run.sent[row] ?? 0);
  const length = Math.sign(y2 - y1) * Math.min(Math.abs(y2 - y1), scene.layout.laneHeight * 0.6);
  const [endX, endY] = [x + 4, y1 + length];
  path.moveTo(x, y1);
  path.lineTo(endX, endY);
  addCross(path, endX, endY);
  return true;
}

export function addCross(path: Path2D, x: number, y: number): void {
  path.moveTo(x - 3, y - 3);
  path.lineTo(x + 3, y + 3);
  path.moveTo(x - 3, y + 3);
  path.lineTo(x + 3, y - 3);
}
