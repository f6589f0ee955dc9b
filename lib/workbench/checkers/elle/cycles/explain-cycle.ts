/** Cycles in words: what each means, and why each of its transactions comes before the next. */
import type { CycleStep, Finding } from "../../checker.ts";
import { describeOperation, enumerate } from "../../wording.ts";
import { type AnomalyName, usualName } from "../consistency-models.ts";
import type { Transaction } from "../transactions.ts";
import type { CycleCase } from "./cycle-cases.ts";
import type { GraphBuilder } from "./graph.ts";
import { PROCESS, REALTIME, RELATION_NAMES, type Relations } from "./relations.ts";

/** What the values of a history say of the order of its transactions. */
export interface TransactionDependencies {
  /** The dependencies, over the transactions' numbers. */
  readonly builder: GraphBuilder;
  /** Whether they relate nothing. */
  readonly isEmpty: boolean;
  /** Says why one transaction comes before another. */
  explain(relation: Relations, from: LabelledTxn, to: LabelledTxn): string;
}

/** A transaction as it is called in a sentence: T1, T2, ... */
export interface LabelledTxn {
  readonly name: string;
  readonly transaction: Transaction;
}

const MEANINGS: Readonly<Record<string, string>> = {
  G0: "Transactions overwrote each other in a circle",
  G1c: "Transactions saw or overwrote each other's writes in a circle",
  "G-single-item": "A transaction missed a write that came before it",
  "G-nonadjacent-item": "Transactions missed each other's writes, though no two in a row",
  "G2-item": "Transactions missed each other's writes in a circle",
  "-process": ", in view of what each process did first",
  "-realtime": ", in view of what had ended before the rest began",
};

/** Tells a case, with the transactions in the order of the cycle. */
export function explainCycle(
  { anomaly, componentSize, exhibit }: CycleCase,
  transactions: readonly Transaction[],
  dependencies: TransactionDependencies,
): Omit<Finding, "anomaly"> {
  if (exhibit === undefined) {
    return {
      sentence:
        `${componentSize} transactions depend on each other in so many ways ` +
        "that not all sorts of cycles could be searched for",
      operations: [],
    };
  }
  const cycle = exhibit();
  const named = new Map<number, LabelledTxn>();
  for (const number of cycle.transactions) {
    const transaction = transactions[number];
    if (transaction === undefined || named.has(number)) continue;
    named.set(number, { name: `T${named.size + 1}`, transaction });
  }
  const circle = cycle.transactions.flatMap((number) => named.get(number) ?? []);
  const steps = circle.map((from, i): CycleStep => {
    const to = circle[(i + 1) % circle.length] ?? from;
    const relation = cycle.steps[i] ?? 0;
    return {
      from: from.transaction.completion.index,
      to: to.transaction.completion.index,
      relation: RELATION_NAMES.get(relation) ?? "",
      sentence: explainStep(relation, from, to, dependencies),
    };
  });
  const nameOf = (each: LabelledTxn) =>
    `${each.name} is ${describeOperation(each.transaction.completion)}`;
  const all = [...named.values()];
  const told = enumerate(steps, ({ sentence }) => sentence, "; ");
  return {
    sentence: `${meaningOf(anomaly)}: ${told}. ${enumerate(all, nameOf)}`,
    operations: all.map(({ transaction }) => transaction.completion),
    cycle: steps,
  };
}

function meaningOf(anomaly: AnomalyName): string {
  const [, model] = /^(.*)-cycle-exists$/.exec(anomaly) ?? [];
  if (model !== undefined)
    return `Transactions come before each other in a circle, which ${usualName(model)} rules out`;
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
      return `process ${completion.process} executed ${from.name} before ${to.name} (process)`;
    case REALTIME:
      return (
        `${from.name} had ended, at index ${completion.index}, ` +
        `when ${to.name} began, at index ${invocation.index} (realtime)`
      );
    default:
      return dependencies.explain(relation, from, to);
  }
}
