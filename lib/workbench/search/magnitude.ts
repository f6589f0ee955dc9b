import type { Random } from "../../vortex/index.ts";
import { exp, log } from "../logarithm.ts";

/** Draws a number from `min` to `max` whose logarithm is uniform. */
export function drawMagnitude(random: Random, min: number, max: number): number {
  return min * exp(random.next() * log(max / min));
}

/** Rounds a count down: from 4 on to a power of two. */
export function magnitudeOf(count: number): number {
  if (count < 4) return count;
  let magnitude = 4;
  while (magnitude * 2 <= count) magnitude *= 2;
  return magnitude;
}
