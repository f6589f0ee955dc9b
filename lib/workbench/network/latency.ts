/**
 * Latency of messages between servers.
 *
 * @see Maelstrom, `net.clj`, latency distributions
 */
import type { Random } from "../../vortex/index.ts";
import { randomInteger } from "../../vortex/random.ts";
import { log } from "../logarithm.ts";

export const LATENCY_DISTRIBUTIONS = ["constant", "uniform", "exponential"] as const;
export type LatencyDistribution = (typeof LATENCY_DISTRIBUTIONS)[number];

/** The latency of messages between servers. */
export interface Latency {
  /** Mean in whole milliseconds. 0 means no latency in every distribution. */
  readonly meanMs: number;
  readonly distribution: LatencyDistribution;
}

/** Draws one latency, in whole milliseconds. */
export function drawLatencyMs({ meanMs, distribution }: Latency, random: Random): number {
  switch (distribution) {
    case "constant":
      return meanMs;
    case "uniform":
      return randomInteger(random, 2 * meanMs);
    case "exponential":
      // 1 - x is never 0, as x is below 1.
      return Math.floor(-log(1 - random.next()) * meanMs);
    default:
      throw new Error("Unexpected distribution", { cause: distribution satisfies never });
  }
}
