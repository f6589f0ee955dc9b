/** Paints the messages that arrived, as lines from send to receipt. */
import { messagesWithin, xOf } from "../geometry.ts";
import { sampleOf } from "./sample.ts";
import type { Context, Painting, Scene } from "./scene.ts";
import { Slice } from "./slice.ts";

/** Typical length of a line in pixels. Half of the work of a line depends on its length. */
const TYPICAL_LENGTH = 400;

export function* paintMessages(context: Context, scene: Scene, yByLane: Float64Array): Painting {
  const { run, layout, rows, colors, highlight } = scene;
  const { messageSource, messageDest, messageFlight } = run.columns;
  const { lanes } = run.header;
  const [first, last] = messagesWithin(scene, scene.time);
  const sample = yield* sampleOf(scene, yByLane, [first, last]);
  const isDimmed = highlight !== undefined;
  const opacity = isDimmed
    ? 0.14
    : sample !== undefined
      ? 0.35
      : last - first > 2_000
        ? 0.55
        : 0.85;
  let [servers, clients] = [new Path2D(), new Path2D()];
  const stroke = () => {
    context.lineWidth = 1;
    context.globalAlpha = opacity * 0.6;
    context.strokeStyle = colors["client-message"];
    context.stroke(clients);
    context.globalAlpha = opacity;
    context.strokeStyle = colors.message;
    context.stroke(servers);
    context.globalAlpha = 1;
    [servers, clients] = [new Path2D(), new Path2D()];
  };
  const slice = new Slice();
  for (let position = first; position < last; position++) {
    if (slice.isFull()) {
      stroke();
      yield;
    }
    const row = rows === undefined ? position : (rows[position] ?? 0);
    const flight = messageFlight[row] ?? -1;
    const source = messageSource[row] ?? 0;
    const dest = messageDest[row] ?? 0;
    if (flight < 0 || sample?.omits(row, source, dest) === true) continue;
    const [y1, y2] = [yByLane[source] ?? Number.NaN, yByLane[dest] ?? Number.NaN];
    if (Number.isNaN(y1) || Number.isNaN(y2)) continue;
    const sent = run.sent[row] ?? 0;
    const x1 = xOf(scene, sent);
    const x2 = xOf(scene, sent + flight);
    if (x2 < layout.left) continue;
    const isClient = lanes[source]?.role === "client" || lanes[dest]?.role === "client";
    const path = isClient ? clients : servers;
    path.moveTo(x1, y1);
    // A straight line from a node to itself would coincide with its lane.
    if (source === dest) path.quadraticCurveTo((x1 + x2) / 2, y1 - layout.laneHeight * 0.7, x2, y2);
    else path.lineTo(x2, y2);
    slice.add(0.5 + Math.hypot(x2 - x1, y2 - y1) / TYPICAL_LENGTH);
  }
  stroke();
  return sample !== undefined;
}
