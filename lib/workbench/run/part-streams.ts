import type { Random } from "../../vortex/index.ts";
import { randomStream } from "../random.ts";

/**
 * The streams of randomness of a run's parts: nodes, links, nemeses. An edit of decisions then leaves
 * the draws of other parts alone.
 */
export class PartStreams {
  readonly #seed: number;
  readonly #streams = new Map<string, Random>();
  readonly #counts = new Map<string, number>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  of(part: string): Random {
    return this.#streams.getOrInsertComputed(part, () =>
      randomStream(this.#seed, `chance of ${part}`),
    );
  }

  /** Returns the number of a part's next delay, message or start, counted from 0. */
  nextNumber(part: string): number {
    const count = this.#counts.get(part) ?? 0;
    this.#counts.set(part, count + 1);
    return count;
  }
}
