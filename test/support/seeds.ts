import fc from "fast-check";
import type { Random } from "../../lib/vortex/index.ts";
import { randomStream } from "../../lib/workbench/random.ts";

/** Random streams. A failing property prints the stream's seed. */
export function randoms(): fc.Arbitrary<Random & { readonly seed: number }> {
  return fc.nat().map((seed) => ({ seed, ...randomStream(seed, "test") }));
}

/** Seeds 1 to `usualCount` for a simulation; the environment variable `SEEDS` overrides the count. */
export function simulationSeeds(usualCount: number): number[] {
  const { SEEDS } = process.env;
  const count = SEEDS === undefined ? usualCount : Number(SEEDS);
  return Array.from({ length: count }, (_, index) => index + 1);
}
