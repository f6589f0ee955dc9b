/**
 * Measures how stale the reads of transactions are.
 *
 * A read is stale if another write to its key was acknowledged before the read's transaction was
 * invoked, and that write was invoked after the write whose value was read had been acknowledged.
 * Values that all nodes agree on in the end are never stale.
 */
import { isSameJson } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import { type Atom, atom, type Transaction } from "../elle/transactions.ts";
import { type LatencyQuantiles, quantiles } from "../every-test/latency.ts";
import { partitionPoint } from "../partition-point.ts";

/** Quantiles of how far reads lagged behind, in ms. Reads that missed no write count as 0. */
export interface Staleness extends LatencyQuantiles {
  /** Number of reads that missed a write. */
  readonly staleCount: number;
}

/**
 * Measures the staleness of all reads in `ok` transactions, except of keys that the transaction
 * itself had written before; `undefined` without such reads.
 *
 * @param final For each key that all nodes agree on in the end, the value they agree on.
 */
export function measureStaleness(
  transactions: readonly Transaction[],
  final: ReadonlyMap<Atom, Json>,
): Staleness | undefined {
  const times = writeTimes(transactions);
  const lags: number[] = [];
  for (const { isOk, steps, invocation } of transactions) {
    if (!isOk) continue;
    const written = new Set<Atom>();
    for (const [f, key, value] of steps) {
      const keyAtom = atom(key);
      if (f === "w") written.add(keyAtom);
      if (f === "w" || written.has(keyAtom)) continue;
      const last = final.get(keyAtom);
      const outdatedAt =
        last !== undefined && isSameJson(last, value)
          ? Number.POSITIVE_INFINITY
          : (times.get(keyAtom)?.outdatedAt(value) ?? Number.POSITIVE_INFINITY);
      lags.push(Math.max(0, invocation.time - outdatedAt) / 1e6);
    }
  }
  if (lags.length === 0) return undefined;
  return { ...quantiles(lags), staleCount: lags.filter((lag) => lag > 0).length };
}

/** Start and end of a write, in ns. */
interface Write {
  readonly invokedAt: number;
  /** Infinite if it was never acknowledged. */
  readonly acknowledgedAt: number;
}

function writeTimes(transactions: readonly Transaction[]): ReadonlyMap<Atom, WriteTimes> {
  const byKey = new Map<Atom, [Json, Write][]>();
  for (const { isOk, steps, invocation, completion } of transactions) {
    const acknowledgedAt = isOk ? completion.time : Number.POSITIVE_INFINITY;
    for (const [f, key, value] of steps) {
      if (f !== "w") continue;
      const writes = byKey.get(atom(key)) ?? [];
      byKey.set(atom(key), writes);
      writes.push([value, { invokedAt: invocation.time, acknowledgedAt }]);
    }
  }
  return new Map([...byKey].map(([key, writes]) => [key, new WriteTimes(writes)]));
}

/** The writes to one key. */
class WriteTimes {
  readonly #byValue = new Map<Atom, Write>();
  /** Sorted by invocation. */
  readonly #writes: readonly Write[];
  /** For each of `#writes`, the earliest acknowledgement of it and all later ones. */
  readonly #firstAcknowledged: Float64Array;

  constructor(writes: readonly (readonly [value: Json, write: Write])[]) {
    for (const [value, write] of writes) this.#byValue.set(atom(value), write);
    this.#writes = writes
      .map(([, write]) => write)
      .sort((one, other) => one.invokedAt - other.invokedAt);
    let first = Number.POSITIVE_INFINITY;
    this.#firstAcknowledged = new Float64Array(this.#writes.length);
    for (let index = this.#writes.length - 1; index >= 0; index--) {
      first = Math.min(first, this.#writes[index]?.acknowledgedAt ?? first);
      this.#firstAcknowledged[index] = first;
    }
  }

  /** The first acknowledgement of a write that follows the write of a value; infinite if none. */
  outdatedAt(value: Json): number {
    const since =
      value === null
        ? Number.NEGATIVE_INFINITY
        : (this.#byValue.get(atom(value))?.acknowledgedAt ?? Number.POSITIVE_INFINITY);
    return this.#firstAcknowledged[this.#countUpTo(since)] ?? Number.POSITIVE_INFINITY;
  }

  /** Counts the writes that were invoked up to a time. */
  #countUpTo(time: number): number {
    return partitionPoint(
      this.#writes.length,
      (index) => (this.#writes[index]?.invokedAt ?? time) <= time,
    );
  }
}
