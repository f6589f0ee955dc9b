/** Restricts a search to some transactions, and orders them as Elle does. */
import { inBifurcanOrder } from "../../clojure/set-order.ts";
import type { Dependencies, Successors } from "./dependencies.ts";
import type { Relations } from "./relations.ts";

/** The subgraph of some transactions and some relations, with transactions in hash order. */
export class SearchSpace {
  readonly #dependencies: Dependencies;
  readonly #relations: Relations;
  readonly #members: ReadonlySet<number>;
  readonly #hashOf: Int32Array;
  readonly #known = new Map<number, Successors>();

  constructor(
    dependencies: Dependencies,
    relations: Relations,
    members: ReadonlySet<number>,
    hashOf: Int32Array,
  ) {
    this.#dependencies = dependencies;
    this.#relations = relations;
    this.#members = members;
    this.#hashOf = hashOf;
  }

  restrictedTo(members: ReadonlySet<number>): SearchSpace {
    return new SearchSpace(this.#dependencies, this.#relations, members, this.#hashOf);
  }

  /** The transactions with dependencies in the subgraph. */
  nodes(): number[] {
    const connected = new Set<number>();
    for (const node of this.#members) {
      const { targets } = this.after(node);
      if (targets.length > 0) connected.add(node);
      for (const target of targets) connected.add(target);
    }
    return inBifurcanOrder([...connected], this.#hashOf);
  }

  /** The direct successors of a transaction. */
  after(node: number): Successors {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const { targets, labels } = this.#dependencies.after(node);
    const labelOf = new Map<number, Relations>();
    targets.forEach((target, i) => {
      const relations = (labels[i] ?? 0) & this.#relations;
      if (relations !== 0 && this.#members.has(target)) labelOf.set(target, relations);
    });
    const ordered = inBifurcanOrder([...labelOf.keys()], this.#hashOf);
    const after = { targets: ordered, labels: ordered.map((target) => labelOf.get(target) ?? 0) };
    this.#known.set(node, after);
    return after;
  }
}
