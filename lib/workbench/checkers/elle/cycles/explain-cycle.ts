/** Describes cycles: what each means, and why each of its transactions precedes the next. */
import type { CycleStep } from "../../checker.ts";
import { describeOperation, enumerate } from "../../wording.ts";
import type { Example } from "../anomalies.ts";
import { type AnomalyName, usualName } from "../consistency-models.ts";
import type { Transaction } from "../transactions.ts";
import type { CycleCase } from "./cycle-cases.ts";
import type { GraphBuilder } from "./graph.ts";
import { PROCESS, REALTIME, RELATION_NAMES, type Relations } from "./relations.ts";

/** The data dependencies of a history's transactions. */
export interface TransactionDependencies {
  /** The graph of dependencies, over the numbers of transactions. */
  readonly builder: GraphBuilder;
  /** Whether no transaction depends on another. */
  readonly isEmpty: boolean;
  /** Explains why one transaction precedes another. */
  explain(relation: Relations, from: LabelledTxn, to: LabelledTxn): string;
}

/** A transaction with its label in a sentence: T1, T2, ... */
export interface LabelledTxn {
  readonly label: string;
  readonly transaction: Transaction;
}

const MEANINGS: Readonly<Record<string, string>> = {
  G0: "transactions overwrote each other in a cycle",
  G1c: "transactions read or overwrote each other's writes in a cycle",
  "G-single-item": "a transaction missed a write that preceded it",
  "G-nonadjacent-item": "transactions missed each other's writes in a cycle, but no two in a row",
  "G2-item": "transactions missed each other's writes in a cycle",
  "-process": ", given the order within processes",
  "-realtime": ", given the real-time order",
};

/** Describes a type of cycle by an example, with the transactions in the order of the cycle. */
export function explainCycle(
  { anomaly, componentSize, exhibit }: CycleCase,
  transactions: readonly Transaction[],
  dependencies: TransactionDependencies,
): Example {
  if (exhibit === undefined) {
    return {
      sentence:
        `gave up the search for some types of cycles among ${componentSize} transactions that ` +
        "all depend on each other",
      operations: [],
    };
  }
  const cycle = exhibit();
  const labelled = new Map<number, LabelledTxn>();
  for (const number of cycle.transactions) {
    const transaction = transactions[number];
    if (transaction === undefined || labelled.has(number)) continue;
    labelled.set(number, { label: `T${labelled.size + 1}`, transaction });
  }
  const ordered = cycle.transactions.flatMap((number) => labelled.get(number) ?? []);
  const steps = ordered.map((from, i): CycleStep => {
    const to = ordered[(i + 1) % ordered.length] ?? from;
    const relation = cycle.steps[i] ?? 0;
    return {
      from: from.transaction.completion.index,
      to: to.transaction.completion.index,
      relation: RELATION_NAMES.get(relation) ?? "",
      sentence: explainStep(relation, from, to, dependencies),
    };
  });
  const describeLabel = (each: LabelledTxn) =>
    `${each.label} is ${describeOperation(each.transaction.completion)}`;
  const all = [...labelled.values()];
  const explained = enumerate(steps, ({ sentence }) => sentence, "; ");
  return {
    sentence: `${meaningOf(anomaly)}: ${explained}. ${enumerate(all, describeLabel)}`,
    operations: all.map(({ transaction }) => transaction.completion),
    cycle: steps,
  };
}

function meaningOf(anomaly: AnomalyName): string {
  const [, model] = /^(.*)-cycle-exists$/.exec(anomaly) ?? [];
  if (model !== undefined)
    return `transactions precede each other in a cycle, which ${usualName(model)} forbids`;
  const [, base = "", order = ""] = /^(.*?)(-process|-realtime)?$/.exec(anomaly) ?? [];
  return `${MEANINGS[base] ?? base}${MEANINGS[order] ?? order}`;
}

function explainStep(
  relation: Relations,
  from: LabelledTxn,
  to: LabelledTxn,
  dependencies: TransactionDependencies,
): string {
  const { completion } = from.transaction;
  const { invocation } = to.transaction;
  switch (relation) {
    case PROCESS:
      return `process ${completion.process} executed ${from.label} before ${to.label} (process)`;
    case REALTIME:
      return (
        `${from.label} completed at index ${completion.index} before ` +
        `${to.label} was invoked at index ${invocation.index} (realtime)`
      );
    default:
      return dependencies.explain(relation, from, to);
  }
}
