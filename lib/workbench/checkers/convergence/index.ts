/**
 * Checks that all nodes end with the same registers (`--converge`).
 *
 * Maelstrom has no such rule: its transaction checkers accept nodes that never communicate.
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
import { EXAMPLES_PER_KIND, enumerate, quote, withMore } from "../wording.ts";
import { measureStaleness, type Staleness } from "./staleness.ts";

/** The final state of a node. */
export interface Replica {
  readonly node: NodeId;
  /** Values by the atoms of their keys, or why the node did not report them. */
  readonly registers: ReadonlyMap<Atom, Json> | { readonly error: string };
}

export interface ConvergenceVerdict extends Verdict {
  /** Whether all nodes that reported their state held the same. */
  readonly converged: boolean;
  readonly keyCount: number;
  readonly differingCount: number;
  /** The first keys that differ, each with the value on every node. */
  readonly differing: readonly {
    readonly key: Json;
    readonly values: { readonly [node: NodeId]: Json };
  }[];
  /** Nodes that did not report their state, and why. */
  readonly unreported: { readonly [node: NodeId]: string };
  /** Staleness of the reads in `ok` transactions; absent without reads. */
  readonly staleness?: Staleness;
}

/** Lists every key that clients read or wrote, in order of appearance. */
export function keysOf(history: History): Json[] {
  const keys = new Map<Atom, Json>();
  for (const operation of history) {
    if (!isClientOperation(operation) || operation.type !== "invoke") continue;
    for (const [, key] of microOperations(operation)) keys.set(atom(key), key);
  }
  return [...keys.values()];
}

/** Valid if all nodes hold the same; unknown if those that reported do, but some did not report. */
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
  const staleness = measureStaleness(transactions, final);
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
      ...withMore(
        differing
          .slice(0, EXAMPLES_PER_KIND)
          .map((state) => describeDivergence(state, transactions)),
        differing.length,
      ),
      ...unreported.map(describeUnreported),
    ],
  };
}

type Values = readonly (readonly [node: NodeId, value: Json])[];

/** The value of a key on every node that reported its state. */
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
    sentence: `nodes ended with different values of key ${quote(key)}: ${holders.join("; ")}`,
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
