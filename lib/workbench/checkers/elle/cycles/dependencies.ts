/** Resolves the junctions of a component into dependencies from transaction to transaction. */
import type { Budget } from "./budget.ts";
import { at, PASS, type Subgraph } from "./graph.ts";
import { REALTIME, type Relations } from "./relations.ts";
import type { RealtimeOrder } from "./session-order.ts";

/** The direct successors of a transaction, each with its relations. */
export interface Successors {
  readonly targets: readonly number[];
  readonly labels: readonly Relations[];
}

/**
 * The dependencies in a component, by the component's numbers of transactions.
 *
 * They are computed on demand, as a large component may have too many to enumerate. Of the real-time
 * order only immediate pairs are included; the rest follow from them.
 */
export class Dependencies {
  /** Number of transactions. */
  readonly count: number;
  readonly #component: Subgraph;
  readonly #budget: Budget;
  readonly #realtime: RealtimeOrder | undefined;
  /** The transactions in order of invocation, by the whole graph's numbers. */
  readonly #byInvocation: Int32Array;
  readonly #locals = new Map<number, number>();
  readonly #known: Successors[] = [];

  /** @param budget Charged one step for each dependency. */
  constructor(component: Subgraph, realtime: RealtimeOrder | undefined, budget: Budget) {
    this.count = component.transactionCount;
    this.#component = component;
    this.#budget = budget;
    this.#realtime = realtime;
    const members = component.originals.subarray(0, this.count);
    this.#byInvocation = realtime?.sortedByInvocation(members) ?? new Int32Array();
    members.forEach((original, local) => {
      this.#locals.set(original, local);
    });
  }

  /** Returns the direct successors of a transaction, in no particular order. */
  after(transaction: number): Successors {
    const known = this.#known[transaction];
    if (known !== undefined) return known;
    const relationsTo = new Map<number, Relations>();
    const relate = (target: number, relation: Relations) => {
      this.#budget.spend(1);
      relationsTo.set(target, (relationsTo.get(target) ?? 0) | relation);
    };
    this.#forEachTarget(transaction, relate);
    const original = at(this.#component.originals, transaction);
    for (const later of this.#realtime?.immediatelyAfter(original, this.#byInvocation) ?? []) {
      const target = this.#locals.get(later);
      if (target !== undefined) relate(target, REALTIME);
    }
    const successors = { targets: [...relationsTo.keys()], labels: [...relationsTo.values()] };
    this.#known[transaction] = successors;
    return successors;
  }

  /** Returns the relations of a transaction to another, 0 if it does not directly precede it. */
  relations(from: number, to: number): Relations {
    const { targets, labels } = this.after(from);
    return labels[targets.indexOf(to)] ?? 0;
  }

  /** Calls back for each successor of a transaction by a relation other than real time. */
  #forEachTarget(transaction: number, relate: (target: number, relation: Relations) => void): void {
    const { transactionCount, offsets, targets, labels } = this.#component;
    // Junctions form chains that never meet, so none is visited twice.
    const open: (readonly [node: number, entered: Relations])[] = [[transaction, PASS]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [node, entered] = next;
      for (let edge = at(offsets, node); edge < at(offsets, node + 1); edge++) {
        const label = at(labels, edge);
        if (label === REALTIME) continue;
        const relation = label === PASS ? entered : label;
        const target = at(targets, edge);
        if (target < transactionCount) relate(target, relation);
        else open.push([target, relation]);
      }
    }
  }
}
