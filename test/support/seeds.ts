import fc from "fast-check";
import type { Random } from "../../lib/vortex/index.ts";
import { randomStream } from "../../lib/workbench/random.ts";

/** Streams of randomness, told by their seeds in a failure's message. */
export function randoms(): fc.Arbitrary<Random & { readonly seed: number }> {
  return fc.nat().map((seed) => ({ seed, ...randomStream(seed, "test") }));
}
