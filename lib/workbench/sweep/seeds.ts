/** Selects the seeds of a sweep. */

/** One part of a sweep: the `index`-th of `count` parts, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
  /** The scheduler that said so. */
  readonly by?: string;
}

const MAX_SEEDS = 10_000_000;

/**
 * Reads seeds such as `7`, `1..1000` (both ends included) and `1..10,50`.
 *
 * @throws {RangeError} if the text is not such a list, or a range is too long.
 */
export function parseSeeds(text: string): number[] {
  const seeds = text.split(",").flatMap((part) => {
    const [, from, to] = /^\s*(\d+)\s*(?:-|–|:|\.|\.{3})\s*(\d+)\s*$/.exec(part) ?? [];
    if (from !== undefined)
      throw new RangeError(`"${part}" is not a range. Write it as ${from}..${to}`);
    const match = /^\s*(\d+)(?:\.\.(\d+))?\s*$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (first > last) {
      throw new RangeError(`"${part}" runs backwards. Write it as ${last}..${first}`);
    }
    if (!(Number.isSafeInteger(first) && Number.isSafeInteger(last))) {
      throw new RangeError(`"${part}" is neither a seed, such as 7, nor a range, such as 1..1000`);
    }
    if (last - first >= MAX_SEEDS) throw new RangeError(`${part} has more than ${MAX_SEEDS} seeds`);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  return [...new Set(seeds)];
}

/**
 * Reads a shard such as `3/20`.
 *
 * @throws {RangeError} if the text is not a shard.
 */
export function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && (index < 1 || index > count)) {
    throw new RangeError(
      count < 1
        ? `"${text}" has no parts: i of i/n runs from 1 to n`
        : `"${text}" is not one of the shards 1/${count} to ${count}/${count}`,
    );
  }
  if (!(index >= 1 && index <= count)) {
    throw new RangeError(`"${text}" is not a shard, such as 3/20, the third of twenty`);
  }
  return { index, count };
}

/** Returns the seeds of a shard: every `count`-th, so that all shards take equally long. */
export function shardOf(seeds: readonly number[], { index, count }: Shard): number[] {
  return seeds.filter((_, position) => position % count === index - 1);
}
