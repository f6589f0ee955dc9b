/** Selects which messages to draw where there are too many to tell apart. */
import type { Range } from "../geometry.ts";
import type { Scene } from "./scene.ts";
import { Slice } from "./slice.ts";

/** Average number of messages drawn per pixel of width before sampling starts. */
const LINES_PER_PIXEL = 8;

export interface Sample {
  omits(row: number, source: number, dest: number): boolean;
}

/**
 * Samples the messages of a range; `undefined` if all of them can be drawn.
 *
 * Half of the lines are shared equally by all pairs of lanes, so that rare messages stay visible;
 * the other half in proportion to each pair's messages, so that busy pairs look busy. The choice
 * depends on the row alone, so a message does not flicker as the view moves.
 */
export function* sampleOf(
  { run, rows, layout }: Scene,
  yByLane: Float64Array,
  [first, last]: Range,
): Generator<void, Sample | undefined> {
  const maxLines = (layout.width - layout.left) * LINES_PER_PIXEL;
  if (last - first <= maxLines) return undefined;
  const { messageSource, messageDest } = run.columns;
  const laneCount = yByLane.length;
  const counts = new Uint32Array(laneCount * laneCount);
  const slice = new Slice();
  let total = 0;
  for (let position = first; position < last; position++) {
    if (slice.isFull()) yield;
    const row = rows === undefined ? position : (rows[position] ?? 0);
    const [source, dest] = [messageSource[row] ?? 0, messageDest[row] ?? 0];
    if (Number.isNaN(yByLane[source]) || Number.isNaN(yByLane[dest])) continue;
    const pair = source * laneCount + dest;
    counts[pair] = (counts[pair] ?? 0) + 1;
    total++;
  }
  if (total <= maxLines) return undefined;
  const pairCount = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  const [ofAll, ofPair] = [maxLines / 2 / total, maxLines / 2 / pairCount];
  /** By pair: rows whose hash is below the threshold are drawn. */
  const thresholds = Float64Array.from(counts, (count) => (ofAll + ofPair / count) * 2 ** 32);
  return {
    omits: (row, source, dest) => hashOf(row) >= (thresholds[source * laneCount + dest] ?? 0),
  };
}

/** Hashes a row to a number below 2^32, so that no pattern of the rows shows in the sample. */
function hashOf(row: number): number {
  const mixed = Math.imul(row ^ (row >>> 16), 0x45d9f3b);
  return Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b) >>> 0;
}
