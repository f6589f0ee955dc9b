/** Paints highlighted messages over the dimmed rest, with arrowheads. */
import type { Highlight } from "../../run/selection.ts";
import { xOf } from "../geometry.ts";
import { addCross } from "./lost-messages.ts";
import type { Context, Scene } from "./scene.ts";

export function paintHighlightedMessages(
  context: Context,
  scene: Scene,
  { messages }: Highlight,
  yByLane: Float64Array,
): void {
  const { run, colors, layout } = scene;
  const { messageSource, messageDest, messageFlight } = run.columns;
  const arrived = new Path2D();
  const heads = new Path2D();
  const lost = new Path2D();
  const crosses = new Path2D();
  for (const row of messages) {
    const flight = messageFlight[row] ?? -1;
    const y1 = yByLane[messageSource[row] ?? 0] ?? Number.NaN;
    const y2 = yByLane[messageDest[row] ?? 0] ?? Number.NaN;
    const x1 = xOf(scene, run.sent[row] ?? 0);
    const x2 = flight < 0 ? x1 + 12 : xOf(scene, (run.sent[row] ?? 0) + flight);
    if (Number.isNaN(y1) || Number.isNaN(y2) || x2 < layout.left || x1 > layout.width) continue;
    if (flight < 0) {
      // Unlike a stub, the line goes all the way, to show the destination.
      lost.moveTo(x1, y1);
      lost.lineTo(x2, y2);
      addCross(crosses, x2, y2);
      continue;
    }
    arrived.moveTo(x1, y1);
    arrived.lineTo(x2, y2);
    addHead(heads, x1, y1, x2, y2);
  }
  context.lineWidth = 2;
  context.strokeStyle = colors.accent;
  context.fillStyle = colors.accent;
  context.stroke(arrived);
  context.fill(heads);
  context.strokeStyle = colors.lost;
  context.stroke(crosses);
  context.setLineDash([5, 3]);
  context.stroke(lost);
  context.setLineDash([]);
}

function addHead(path: Path2D, x1: number, y1: number, x2: number, y2: number): void {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const corner = (turn: number) =>
    [x2 - 8 * Math.cos(angle + turn), y2 - 8 * Math.sin(angle + turn)] as const;
  path.moveTo(x2, y2);
  path.lineTo(...corner(0.4));
  path.lineTo(...corner(-0.4));
  path.closePath();
}
