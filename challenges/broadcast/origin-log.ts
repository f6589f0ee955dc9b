import type { JsonSet } from "./json-set.ts";

/** Values of one origin that follow each other: the origin, the number of the first, the values. */
export type Run = readonly [origin: string, first: number, ...values: unknown[]];

/** How many values of each origin somebody has: the first so many. */
export type Counts = ReadonlyMap<string, number>;

/** Whether an entry of a log is left out. */
export type Skip = (origin: string, number: number, source: string) => boolean;

/**
 * What a replica knows, in order of arrival: values, each with its origin and with its source.
 *
 * The origin is where a value came into being, and numbers it; the source is who told this replica.
 * Values of one origin are numbered from 0, and enter in that order, without gaps. So two replicas
 * can compare all they have by a number for each origin, and pass on what came since by a position.
 *
 * An entry takes 8 bytes; the values are the set's.
 */
export class OriginLog {
  readonly #values: JsonSet;
  readonly #codes = new IntegerList();
  /** Which way each entry came. */
  readonly #ways = new IntegerList();
  readonly #knownWays: Way[] = [];
  readonly #origins = new Map<string, Origin>();

  /** @param values Where the log's values are put. */
  constructor(values: JsonSet) {
    this.#values = values;
  }

  /** How many entries it has. */
  get length(): number {
    return this.#codes.length;
  }

  /** How many values of an origin are in the log. */
  countOf(origin: string): number {
    return this.#origins.get(origin)?.count ?? 0;
  }

  /** Who an entry came from. */
  sourceAt(position: number): string | undefined {
    return this.#knownWays[this.#ways.at(position)]?.source;
  }

  /** How many values of each origin are in the log. */
  counts(): [origin: string, count: number][] {
    return [...this.#origins].map(([name, { count }]) => [name, count]);
  }

  /** Whether somebody with these counts has all that is in the log. */
  isCoveredBy(counts: Counts): boolean {
    for (const [name, { count }] of this.#origins) {
      if ((counts.get(name) ?? 0) < count) return false;
    }
    return true;
  }

  /**
   * Adds those of a run that are not there yet.
   *
   * @returns false when values between the last known one and the first of the run are missing: the
   *   run did not enter the log then.
   */
  merge([name, first, ...values]: Run, source: string): boolean {
    const known = this.countOf(name);
    if (first > known) return false;
    if (first + values.length <= known) return true;
    const origin = this.#originOf(name);
    const way = this.#wayOf(origin, source);
    for (let index = origin.count - first; index < values.length; index++) {
      this.#codes.push(this.#values.add(values[index]));
      this.#ways.push(way);
      origin.count++;
    }
    return true;
  }

  /**
   * The entries from a position on, as runs, but those to be skipped.
   *
   * @param maxLength About how many characters the values may have in all; one always fits.
   * @returns the runs, the position up to which they go, and about how many characters they have.
   */
  runs(
    position: number,
    skip: Skip,
    maxLength = Number.POSITIVE_INFINITY,
  ): { readonly runs: Run[]; readonly end: number; readonly length: number } {
    const numbers = this.#countsBefore(position);
    const runs: [string, number, ...unknown[]][] = [];
    const open = new Map<string, [string, number, ...unknown[]]>();
    let length = 0;
    for (let at = position; at < this.length; at++) {
      const way = this.#knownWays[this.#ways.at(at)];
      if (way === undefined) continue;
      const { name } = way.origin;
      const number = numbers.get(way.origin) ?? 0;
      numbers.set(way.origin, number + 1);
      if (skip(name, number, way.source)) continue;
      const code = this.#codes.at(at);
      const itsLength = this.#values.textLengthOf(code);
      if (length + itsLength > maxLength && runs.length > 0) return { runs, end: at, length };
      length += itsLength;
      const run = open.get(name);
      // Its number is what tells a run's length: it holds a name and a number besides.
      if (run !== undefined && run[1] + run.length - 2 === number) {
        run.push(this.#values.valueOf(code));
      } else {
        const begun: [string, number, ...unknown[]] = [name, number, this.#values.valueOf(code)];
        open.set(name, begun);
        runs.push(begun);
      }
    }
    return { runs, end: this.length, length };
  }

  /** How many values of each origin come before a position, for the origins that come after it. */
  #countsBefore(position: number): Map<Origin, number> {
    const counts = new Map<Origin, number>();
    for (let at = position; at < this.length; at++) {
      const way = this.#knownWays[this.#ways.at(at)];
      if (way === undefined) continue;
      counts.set(way.origin, (counts.get(way.origin) ?? way.origin.count) - 1);
    }
    return counts;
  }

  #originOf(name: string): Origin {
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    const origin = { name, count: 0, ways: new Map() };
    this.#origins.set(name, origin);
    return origin;
  }

  #wayOf(origin: Origin, source: string): number {
    const known = origin.ways.get(source);
    if (known !== undefined) return known;
    const way = this.#knownWays.push({ origin, source }) - 1;
    origin.ways.set(source, way);
    return way;
  }
}

interface Origin {
  readonly name: string;
  count: number;
  /** The ways that values of it have come, by source. */
  readonly ways: Map<string, number>;
}

interface Way {
  readonly origin: Origin;
  readonly source: string;
}

const PAGE_LENGTH = 2 ** 10;

/** A list of 32-bit integers, in pages, so that it is never copied and hardly ever half empty. */
class IntegerList {
  readonly #pages: Int32Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  at(index: number): number {
    return this.#pages[Math.floor(index / PAGE_LENGTH)]?.[index % PAGE_LENGTH] ?? 0;
  }

  push(item: number): void {
    let page = this.#pages[Math.floor(this.#length / PAGE_LENGTH)];
    if (page === undefined) {
      page = new Int32Array(PAGE_LENGTH);
      this.#pages.push(page);
    }
    page[this.#length++ % PAGE_LENGTH] = item;
  }
}
