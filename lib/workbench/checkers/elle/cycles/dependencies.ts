/**
 * The dependencies within one component of a graph, from transaction to transaction: no junctions.
 */
import type { Budget } from "./budget.ts";
import { at, PASS, type Subgraph } from "./graph.ts";
import { REALTIME, type Relations } from "./relations.ts";
import type { RealtimeOrder } from "./session-order.ts";

/** The transactions that come after one, each with all relations to it. */
export interface Successors {
  readonly targets: readonly number[];
  readonly labels: readonly Relations[];
}

/**
 * Which transactions of a component depend on which, worked out when asked for: a large component
 * may have more dependencies than anybody can look at. Transactions go by the component's numbers.
 *
 * Of the real-time order only the immediate pairs are here; the rest follow from them.
 */
export class Dependencies {
  /** How many transactions there are. */
  readonly count: number;
  readonly #component: Subgraph;
  readonly #budget: Budget;
  readonly #realtime: RealtimeOrder | undefined;
  /** The transactions in the order in which they began; by the whole graph's numbers. */
  readonly #byInvocation: Int32Array;
  readonly #locals = new Map<number, number>();
  readonly #known: Successors[] = [];

  /** @param budget What each look at a dependency takes a step of. */
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

  /** The transactions that come after one, in no particular order. */
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

  /** How one transaction depends directly on another. */
  relations(from: number, to: number): Relations {
    const { targets, labels } = this.after(from);
    return labels[targets.indexOf(to)] ?? 0;
  }

  /** Calls back for whatever a transaction leads to otherwise than in real time. */
  #forEachTarget(transaction: number, relate: (target: number, relation: Relations) => void): void {
    const { transactionCount, offsets, targets, labels } = this.#component;
    // Junctions form chains that never meet, so that none is come by twice.
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
