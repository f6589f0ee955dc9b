/**
 * Last-writer-wins registers: each keeps the version with the highest stamp that it was ever given.
 *
 * Merging is commutative, associative and idempotent. Replicas that have merged the same versions are
 * equal, whatever was lost, repeated or reordered on the way.
 */
import * as v from "valibot";
import { JsonInteger, jsonLength } from "../../lib/vortex/index.ts";
import { STAMP_LENGTH } from "./limits.ts";

/** A Lamport time. */
export const Clock = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A key and the value written to it. */
export const Write = v.tuple([JsonInteger, JsonInteger]);
export type Write = v.InferOutput<typeof Write>;

/** A write and its stamp: the clock and the incarnation of the writer, which decides between equal clocks. */
export const Version = v.pipe(v.tuple([...Write.items, Clock, v.string()]), v.readonly());
export type Version = v.InferOutput<typeof Version>;

export class Registers {
  readonly #versions = new Map<string | number, Version>();
  #latestClock = 0;
  #hasGoneBack = false;

  /** The highest clock among all versions ever merged. */
  get latestClock(): number {
    return this.#latestClock;
  }

  /** Invariant: no version was replaced by one with a lower clock. */
  get isMonotonic(): boolean {
    return !this.#hasGoneBack;
  }

  read(key: JsonInteger): JsonInteger | null {
    return this.#versions.get(identity(key))?.[1] ?? null;
  }

  merge(versions: Iterable<Version>): void {
    for (const version of versions) {
      const [key, , clock] = version;
      this.#latestClock = Math.max(this.#latestClock, clock);
      const id = identity(key);
      const current = this.#versions.get(id);
      if (current !== undefined && !isNewer(version, current)) continue;
      this.#versions.set(id, version);
      this.#hasGoneBack ||= clock < (current?.[2] ?? 0);
    }
  }

  /** Whether a version, or a newer one of the same register, was merged. */
  covers(version: Version): boolean {
    const current = this.#versions.get(identity(version[0]));
    return current !== undefined && !isNewer(version, current);
  }

  all(): Iterable<Version> {
    return this.#versions.values();
  }
}

/**
 * Returns what a map can tell equal keys by.
 *
 * An integer that a double cannot hold is an object with its digits. `-0` is the key `0`.
 */
export function identity(integer: JsonInteger): string | number {
  if (typeof integer === "number") return integer;
  return integer.rawJSON === "-0" ? 0 : integer.rawJSON;
}

/** Approximate length of a write and its stamp. */
export function lengthOf([key, value]: Write | Version): number {
  return jsonLength(key) + jsonLength(value) + STAMP_LENGTH;
}

function isNewer([, , clock, writer]: Version, [, , otherClock, otherWriter]: Version): boolean {
  return clock === otherClock ? writer > otherWriter : clock > otherClock;
}
