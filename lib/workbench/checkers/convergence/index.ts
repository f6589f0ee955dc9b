/**
 * Whether replicas of registers are equal in the end, and how stale they were meanwhile.
 *
 * Maelstrom does not ask: its checker of transactions accepts nodes that never tell each other
 * anything. So this is Vortex' own, and judged only where it is wanted.
 */

import { isSameJson } from "../../../protocol/json-key.ts";
import type { Json, NodeId } from "../../../vortex/index.ts";
import { type History, isClientOperation, type Operation } from "../../history/history.ts";
import { type Finding, mergeValidity, type Validity, type Verdict } from "../checker.ts";
import {
  type Atom,
  atom,
  microOperations,
  type Transaction,
  transactionHistory,
} from "../elle/transactions.ts";
import { type LatencyQuantiles, quantiles } from "../every-test/latency.ts";
import { EXAMPLES_PER_KIND, enumerate, quote } from "../wording.ts";

/** What a node held when all was over. */
export interface Replica {
  readonly node: NodeId;
  /** Its registers by the atoms of their keys; or, where it did not tell, why. */
  readonly registers: ReadonlyMap<Atom, Json> | { readonly error: string };
}

/** How far reads lagged behind, in ms; a read that missed nothing counts with 0. */
export interface Staleness extends LatencyQuantiles {
  /** How many of the reads missed something. */
  readonly staleCount: number;
}

export interface ConvergenceVerdict extends Verdict {
  /** Whether all nodes held the same, as far as they told. */
  readonly converged: boolean;
  readonly keyCount: number;
  readonly differingCount: number;
  /** The first keys that differ, each with what the nodes hold. */
  readonly differing: readonly {
    readonly key: Json;
    readonly values: { readonly [node: NodeId]: Json };
  }[];
  /** Nodes that did not tell what they hold, and why. */
  readonly unreported: { readonly [node: NodeId]: string };
  /**
   * For each read of an ok transaction: how long before the transaction began a later write had been
   * acknowledged than that whose value it read. Later is what began after the other had ended;
   * what the nodes agree on in the end is never stale. Absent when there were no reads.
   */
  readonly staleness?: Staleness;
}

/** Every key that clients read or wrote, in the order of their appearance. */
export function keysOf(history: History): Json[] {
  const keys = new Map<Atom, Json>();
  for (const operation of history) {
    if (!isClientOperation(operation) || operation.type !== "invoke") continue;
    for (const [, key] of microOperations(operation)) keys.set(atom(key), key);
  }
  return [...keys.values()];
}

/** Valid if all nodes hold the same; unknown if they do as far as they told, but some did not. */
export function checkConvergence(
  history: History,
  replicas: readonly Replica[],
): ConvergenceVerdict {
  const { transactions } = transactionHistory(history);
  const keys = keysOf(history);
  const unreported = replicas.flatMap(({ node, registers }) =>
    "error" in registers ? [[node, registers.error] as const] : [],
  );
  const states = keys.map((key) => ({ key, values: valuesOf(key, replicas) }));
  const differing = states.filter(({ values }) => !isAgreed(values));
  const final = new Map(
    states.flatMap(({ key, values }) => {
      const [first] = values;
      return first !== undefined && isAgreed(values) ? [[atom(key), first[1]] as const] : [];
    }),
  );
  const staleness = stalenessOf(transactions, final);
  return {
    valid: mergeValidity([differing.length === 0, ...unreported.map((): Validity => "unknown")]),
    converged: differing.length === 0,
    keyCount: keys.length,
    differingCount: differing.length,
    differing: differing
      .slice(0, EXAMPLES_PER_KIND)
      .map(({ key, values }) => ({ key, values: Object.fromEntries(values) })),
    unreported: Object.fromEntries(unreported),
    ...(staleness === undefined ? {} : { staleness }),
    explanation: [
      ...differing
        .slice(0, EXAMPLES_PER_KIND)
        .map((state) => describeDivergence(state, transactions)),
      ...unreported.map(describeUnreported),
    ],
  };
}

type Values = readonly (readonly [node: NodeId, value: Json])[];

/** What those nodes hold that have told. */
function valuesOf(key: Json, replicas: readonly Replica[]): Values {
  return replicas.flatMap(({ node, registers }) =>
    "error" in registers ? [] : [[node, registers.get(atom(key)) ?? null] as const],
  );
}

function isAgreed(values: Values): boolean {
  const [first] = values;
  return values.every(([, value]) => first !== undefined && isSameJson(value, first[1]));
}

function describeDivergence(
  { key, values }: { readonly key: Json; readonly values: Values },
  transactions: readonly Transaction[],
): Finding {
  const byValue = [...Map.groupBy(values, ([, value]) => atom(value)).values()];
  const holders = byValue.map((group) => {
    const value = group[0]?.[1] ?? null;
    return `${quote(value)} on ${enumerate(group, ([node]) => node)}`;
  });
  return {
    anomaly: "divergence",
    sentence: `In the end key ${quote(key)} is ${holders.join(", but ")}`,
    operations: values
      .flatMap(([, value]) => writerOf(key, value, transactions) ?? [])
      .filter((operation, index, all) => all.indexOf(operation) === index)
      .sort((one, other) => one.index - other.index),
  };
}

function writerOf(
  key: Json,
  value: Json,
  transactions: readonly Transaction[],
): Operation | undefined {
  return transactions.find(({ steps }) =>
    steps.some(([f, k, v]) => f === "w" && isSameJson(k, key) && isSameJson(v, value)),
  )?.completion;
}

function describeUnreported([node, error]: readonly [NodeId, string]): Finding {
  return {
    anomaly: "unreported",
    sentence: `${node} did not report its final state: ${error}`,
    operations: [],
  };
}

/** When a value was written: from the invocation to the acknowledgement, in ns. */
interface Write {
  readonly invokedAt: number;
  /** Infinite where it was never acknowledged. */
  readonly acknowledgedAt: number;
}

/** The writes to one key. */
class WriteTimes {
  readonly #byValue = new Map<Atom, Write>();
  /** In the order of their invocations; and the first acknowledgement of each and those after it. */
  readonly #writes: readonly Write[];
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

  /** When something later than a value had been acknowledged first; infinite if nothing ever was. */
  outdatedAt(value: Json): number {
    const since =
      value === null
        ? Number.NEGATIVE_INFINITY
        : (this.#byValue.get(atom(value))?.acknowledgedAt ?? Number.POSITIVE_INFINITY);
    return this.#firstAcknowledged[this.#countUpTo(since)] ?? Number.POSITIVE_INFINITY;
  }

  /** How many writes began up to a time. */
  #countUpTo(time: number): number {
    let [low, high] = [0, this.#writes.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#writes[middle]?.invokedAt ?? time) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function stalenessOf(
  transactions: readonly Transaction[],
  final: ReadonlyMap<Atom, Json>,
): Staleness | undefined {
  const times = writeTimes(transactions);
  const lags: number[] = [];
  for (const { isOk, steps, invocation } of transactions) {
    if (!isOk) continue;
    const written = new Set<Atom>();
    for (const [f, key, value] of steps) {
      const key_ = atom(key);
      if (f === "w") written.add(key_);
      if (f === "w" || written.has(key_)) continue;
      const last = final.get(key_);
      const outdatedAt =
        last !== undefined && isSameJson(last, value)
          ? Number.POSITIVE_INFINITY
          : (times.get(key_)?.outdatedAt(value) ?? Number.POSITIVE_INFINITY);
      lags.push(Math.max(0, invocation.time - outdatedAt) / 1e6);
    }
  }
  if (lags.length === 0) return undefined;
  return { ...quantiles(lags), staleCount: lags.filter((lag) => lag > 0).length };
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
