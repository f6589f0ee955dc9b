/** The runs that a guided search keeps, because they did something new. */
import * as v from "valibot";
import type { Random } from "../../vortex/index.ts";
import { Decisions } from "../decisions.ts";
import { STRATEGIES } from "../run/test-options.ts";

/** A test, and what is replayed in it in place of chance. */
export const KeptRun = v.object({
  version: v.literal(1),
  /** The seed and the strategies, which give the test. */
  seed: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  search: v.array(v.picklist(STRATEGIES)),
  decisions: Decisions,
  /** Number of messages on each link between servers. */
  links: v.record(v.string(), v.number()),
  /** The features that no run had before. */
  news: v.array(v.string()),
});
export type KeptRun = v.InferOutput<typeof KeptRun>;

/** Maximum number of runs to keep. */
export const MAX_KEPT = 200;

interface Entry {
  readonly name: string;
  readonly newsCount: number;
  pickCount: number;
}

/** Chooses among the runs that are kept; they are stored elsewhere, by their names. */
export class Corpus {
  readonly #entries = new Map<string, Entry>();
  readonly #known = new Set<string>();

  get size(): number {
    return this.#entries.size;
  }

  /** Number of features that any run had so far. */
  get featureCount(): number {
    return this.#known.size;
  }

  /** Returns the features that no run had so far. */
  newOf(features: readonly string[]): readonly string[] {
    return features.filter((feature) => !this.#known.has(feature));
  }

  /**
   * Adds a run if it did something new.
   *
   * @returns the name of the run to forget: this one if it did nothing new, another one if there are too
   *   many, or none.
   */
  add(name: string, features: readonly string[]): string | undefined {
    const news = this.newOf(features);
    for (const feature of news) this.#known.add(feature);
    if (news.length === 0) return name;
    this.#entries.set(name, { name, newsCount: news.length, pickCount: 0 });
    if (this.#entries.size <= MAX_KEPT) return undefined;
    // The oldest of those that did least.
    const least = [...this.#entries.values()].reduce((one, other) =>
      other.newsCount < one.newsCount ? other : one,
    );
    this.#entries.delete(least.name);
    return least.name;
  }

  /** Picks a run to vary: rather one that did much, and was picked rarely. `undefined` if empty. */
  pick(random: Random): string | undefined {
    const entries = [...this.#entries.values()];
    const weights = entries.map(({ newsCount, pickCount }) => newsCount / (1 + pickCount));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let left = random.next() * total;
    const index = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    const picked = entries[index] ?? entries.at(-1);
    if (picked !== undefined) picked.pickCount++;
    return picked?.name;
  }
}
