/** Marks the times at which nodes logged lines on their lanes. */
import { lowerBound } from "../../run/run.ts";
import { lanePositions, xOf } from "../geometry.ts";
import { type Context, type Scene, withinTime } from "./scene.ts";

/** Size of a mark, in pixels. It is below its lane. */
const WIDTH_PX = 2;
const HEIGHT_PX = 6;

/** Paints a mark per line and pixel. */
export function paintLogMarks(context: Context, scene: Scene): void {
  const { run, time, layout, colors } = scene;
  const { outputLane } = run.columns;
  const yByLane = lanePositions(scene);
  const lastX = new Map<number, number>();
  withinTime(context, layout, () => {
    context.fillStyle = colors.series[1] ?? colors.accent;
    const end = lowerBound(run.logged, Math.ceil(time.to) + 1);
    for (let row = lowerBound(run.logged, Math.floor(time.from)); row < end; row++) {
      const lane = outputLane[row] ?? 0;
      const x = Math.round(xOf(scene, run.logged[row] ?? 0));
      if (lastX.get(lane) === x) continue;
      lastX.set(lane, x);
      const y = yByLane[lane] ?? Number.NaN;
      if (!Number.isNaN(y)) context.fillRect(x - WIDTH_PX / 2, y + 1, WIDTH_PX, HEIGHT_PX);
    }
  });
}
