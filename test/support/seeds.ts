import fc from "fast-check";
import type { Random } from "../../lib/vortex/index.ts";
import { randomStream } from "../../lib/workbench/random.ts";

/** Streams of randomness, told by their seeds in a failure's message. */
export function randoms(): fc.Arbitrary<Random & { readonly seed: number }> {
  return fc.nat().map((seed) => ({ seed, ...randomStream(seed, "test") }));
}

/** The seeds that a simulation is run with: as many as usual, unless `SEEDS` says another number. */
export function simulationSeeds(usualCount: number): number[] {
  const { SEEDS } = process.env;
  const count = SEEDS === undefined ? usualCount : Number(SEEDS);
  return Array.from({ length: count }, (_, index) => index + 1);
}
