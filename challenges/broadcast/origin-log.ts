import type { JsonSet } from "./json-set.ts";

/** Consecutive values of one origin: the origin, the number of the first value, the values. */
export type Run = readonly [origin: string, first: number, ...values: unknown[]];

/** Number of values of each origin that a replica holds; always the first ones. */
export type Counts = ReadonlyMap<string, number>;

/** Whether to leave out an entry of a log. */
export type Skip = (origin: string, number: number, source: string) => boolean;

/**
 * Append-only log of a replica's values in order of arrival, each with its origin and its source.
 *
 * The origin is the incarnation that was given the value by a client; it numbers its values from 0.
 * The source is the incarnation that sent the value to this replica. Values of one origin enter the
 * log in order and without gaps, so one count per origin describes everything a replica holds, and
 * one position in the log everything that arrived since.
 *
 * An entry takes 8 bytes; the values themselves are in the set.
 */
export class OriginLog {
  readonly #values: JsonSet;
  /** Code of each entry's value in the set. */
  readonly #codes = new IntegerList();
  /** Index of each entry's route. */
  readonly #routeIndices = new IntegerList();
  readonly #routes: Route[] = [];
  readonly #origins = new Map<string, Origin>();

  /** @param values Set that receives the log's values. */
  constructor(values: JsonSet) {
    this.#values = values;
  }

  /** Number of entries. */
  get length(): number {
    return this.#codes.length;
  }

  /** Number of values of an origin. */
  countOf(origin: string): number {
    return this.#origins.get(origin)?.count ?? 0;
  }

  /** Source of the entry at a position. */
  sourceAt(position: number): string | undefined {
    return this.#routeAt(position)?.source;
  }

  /** Number of values of each origin. */
  counts(): [origin: string, count: number][] {
    return [...this.#origins].map(([name, { count }]) => [name, count]);
  }

  /** Whether a replica with these counts holds the whole log. */
  isCoveredBy(counts: Counts): boolean {
    for (const [name, { count }] of this.#origins) {
      if ((counts.get(name) ?? 0) < count) return false;
    }
    return true;
  }

  /** Whether another log holds every entry of this one before a position. */
  isPrefixHeldBy(other: OriginLog, end: number): boolean {
    const before = this.#countsBefore(end);
    return [...this.#origins.values()].every(
      (origin) => (before.get(origin) ?? origin.count) <= other.countOf(origin.name),
    );
  }

  /**
   * Appends those values of a run that are new.
   *
   * @returns false when values before the run are missing: then nothing was appended.
   */
  merge([name, first, ...values]: Run, source: string): boolean {
    const known = this.countOf(name);
    if (first > known) return false;
    if (first + values.length <= known) return true;
    const origin = this.#originOf(name);
    const routeIndex = this.#routeIndexOf(origin, source);
    for (let index = origin.count - first; index < values.length; index++) {
      this.#codes.push(this.#values.add(values[index]));
      this.#routeIndices.push(routeIndex);
      origin.count++;
    }
    return true;
  }

  /**
   * Reads the entries from a position on, as runs.
   *
   * @param maxLength Approximate limit to the length of the values, in characters. The first value
   *   is returned however long it is.
   * @returns the runs, the position after the last entry read, and the length of the values.
   */
  runs(
    position: number,
    skip: Skip,
    maxLength = Number.POSITIVE_INFINITY,
  ): { readonly runs: Run[]; readonly end: number; readonly length: number } {
    const numbers = this.#countsBefore(position);
    const runs: MutableRun[] = [];
    const lastRuns = new Map<Origin, MutableRun>();
    let length = 0;
    for (let at = position; at < this.length; at++) {
      const route = this.#routeAt(at);
      if (route === undefined) continue;
      const { origin, source } = route;
      const number = numbers.get(origin) ?? 0;
      numbers.set(origin, number + 1);
      if (skip(origin.name, number, source)) continue;
      const code = this.#codes.at(at);
      const valueLength = this.#values.textLengthOf(code);
      if (length + valueLength > maxLength && runs.length > 0) return { runs, end: at, length };
      length += valueLength;
      const lastRun = lastRuns.get(origin);
      if (lastRun !== undefined && numberAfter(lastRun) === number) {
        lastRun.push(this.#values.valueOf(code));
      } else {
        const run: MutableRun = [origin.name, number, this.#values.valueOf(code)];
        lastRuns.set(origin, run);
        runs.push(run);
      }
    }
    return { runs, end: this.length, length };
  }

  /** Number of values before a position, of each origin that has values after it. */
  #countsBefore(position: number): Map<Origin, number> {
    const counts = new Map<Origin, number>();
    for (let at = position; at < this.length; at++) {
      const origin = this.#routeAt(at)?.origin;
      if (origin !== undefined) counts.set(origin, (counts.get(origin) ?? origin.count) - 1);
    }
    return counts;
  }

  #routeAt(position: number): Route | undefined {
    return this.#routes[this.#routeIndices.at(position)];
  }

  #originOf(name: string): Origin {
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    const origin = { name, count: 0, routes: new Map() };
    this.#origins.set(name, origin);
    return origin;
  }

  #routeIndexOf(origin: Origin, source: string): number {
    const known = origin.routes.get(source);
    if (known !== undefined) return known;
    const index = this.#routes.push({ origin, source }) - 1;
    origin.routes.set(source, index);
    return index;
  }
}

type MutableRun = [origin: string, first: number, ...values: unknown[]];

/** Number of the value that follows a run, which holds an origin and a number besides its values. */
function numberAfter(run: Run): number {
  return run[1] + run.length - 2;
}

interface Origin {
  readonly name: string;
  count: number;
  /** Indices of the routes of its values, by source. */
  readonly routes: Map<string, number>;
}

/** Origin and source of a value. Many entries share one route. */
interface Route {
  readonly origin: Origin;
  readonly source: string;
}

const PAGE_LENGTH = 2 ** 10;

/** A list of 32-bit integers in pages: growing never copies it, and only the last page has room. */
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
