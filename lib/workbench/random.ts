/**
 * Seeded randomness: one seed fixes every choice of a run.
 *
 * Each part of the workbench draws from its own stream, so that one more draw in a part does not
 * change the others. The algorithm is xoroshiro128+ (Blackman and Vigna), from the package
 * pure-rand; a stream's state is the SHA-256 hash of the seed and the stream's name. The hash is not
 * the engine's: in browsers, that is asynchronous.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { Random } from "../vortex/index.ts";

/** Returns the stream of a part. The same seed and name always give the same numbers. */
export function randomStream(seed: number, name: string): Random {
  // Hashing takes a twentieth of a short simulation, and most streams are never drawn from.
  let generator: ReturnType<typeof generatorOf> | undefined;
  return {
    next() {
      generator ??= generatorOf(seed, name);
      return uniformFloat64(generator);
    },
  };
}

function generatorOf(seed: number, name: string) {
  const hash = new DataView(sha256(new TextEncoder().encode(`${seed}/${name}`)).buffer);
  const state = [0, 4, 8, 12].map((offset) => hash.getInt32(offset, true));
  return xoroshiro128plusFromState(state);
}
