/** Paints operations as bars from invocation to completion, on the lanes of client threads. */
import type { Outcome } from "../../../recorder/run-data.ts";
import { visible } from "../../parts/visible-text.ts";
import { operationsWithin, xOf, yOf } from "../geometry.ts";
import type { Context, Scene } from "./scene.ts";
import { Slice } from "./slice.ts";

/** Minimum sizes of labelled bars, in pixels. */
const MIN_LABELLED_WIDTH = 44;
const MIN_LABELLED_LANE_HEIGHT = 16;
/** Work of a label, in bars. */
const LABEL_WORK = 4;

export function* paintOperations(context: Context, scene: Scene): Generator<void, void> {
  const { run, layout, colors, highlight } = scene;
  const { operationThread, operationDuration } = run.columns;
  const indexOf = new Map(
    layout.lanes.flatMap(({ thread }, index) => (thread === undefined ? [] : [[thread, index]])),
  );
  if (indexOf.size === 0) return;
  const height = Math.max(4, Math.min(16, layout.laneHeight - 6));
  const top = (index: number) => yOf(layout, index) - height / 2;
  const opacity = highlight === undefined ? 1 : 0.3;
  const bars = layout.lanes.map(() => new Bar());
  const flush = (index: number) => {
    const bar = bars[index];
    if (bar === undefined || bar.outcome === undefined) return;
    context.globalAlpha = opacity;
    context.fillStyle = colors[bar.outcome];
    context.fillRect(bar.from, top(index), Math.max(1, bar.to - bar.from - 1), height);
    context.globalAlpha = 1;
    bar.outcome = undefined;
  };
  const hasLabels = layout.laneHeight >= MIN_LABELLED_LANE_HEIGHT;
  const slice = new Slice();
  const [first, last] = operationsWithin(scene, scene.time);
  for (let row = first; row < last; row++) {
    if (slice.isFull()) yield;
    const index = indexOf.get(operationThread[row] ?? 0);
    const bar = index === undefined ? undefined : bars[index];
    if (index === undefined || bar === undefined || highlight?.operations.has(row)) continue;
    const duration = operationDuration[row] ?? -1;
    const invoked = run.invoked[row] ?? 0;
    const from = xOf(scene, invoked);
    const to = Math.max(from + 2, xOf(scene, duration < 0 ? run.end : invoked + duration));
    if (to < layout.left) continue;
    const outcome = run.outcomeOf(row);
    // An ok operation within a painted pixel would be invisible; other outcomes are always painted.
    if (to <= bar.to && outcome === "ok") continue;
    if (bar.extend(from, to, outcome)) continue;
    flush(index);
    slice.add(1);
    bar.begin(from, to, outcome);
    if (!hasLabels || to - from <= MIN_LABELLED_WIDTH) continue;
    flush(index);
    paintLabel(context, scene, row, { from, to, top: top(index), height });
    slice.add(LABEL_WORK);
  }
  for (const index of bars.keys()) flush(index);
  for (const row of highlight?.operations ?? []) {
    const index = indexOf.get(operationThread[row] ?? 0);
    if (index === undefined) continue;
    const from = xOf(scene, run.invoked[row] ?? 0);
    const to = Math.max(from + 3, xOf(scene, run.endOf(row) ?? run.end));
    if (to < layout.left || from > layout.width) continue;
    context.fillStyle = colors.accent;
    context.fillRect(from, top(index), to - from - 1, height);
    if (hasLabels && to - from > MIN_LABELLED_WIDTH) {
      paintLabel(context, scene, row, { from, to, top: top(index), height });
    }
  }
}

/** Merges operations of the same outcome while no gap between them would be visible. */
class Bar {
  from = 0;
  to = Number.NEGATIVE_INFINITY;
  /** `undefined` once painted. */
  outcome: Outcome | undefined;

  /** Extends the bar by an operation. Returns false if a new bar has to begin. */
  extend(from: number, to: number, outcome: Outcome): boolean {
    if (this.outcome !== outcome || from > this.to) return false;
    this.to = Math.max(this.to, to);
    return true;
  }

  begin(from: number, to: number, outcome: Outcome): void {
    this.from = outcome === "ok" ? Math.max(from, this.to) : from;
    this.to = to;
    this.outcome = outcome;
  }
}

interface LabelBox {
  readonly from: number;
  readonly to: number;
  readonly top: number;
  readonly height: number;
}

function paintLabel(
  context: Context,
  { run, layout, colors }: Scene,
  row: number,
  { from, to, top, height }: LabelBox,
): void {
  context.save();
  context.beginPath();
  context.rect(from, top, to - from - 3, height);
  context.clip();
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillStyle = colors.surface;
  const text = visible(run.describe(row).slice(0, 120));
  context.fillText(text, Math.max(from, layout.left) + 4, top + height / 2);
  context.restore();
}
