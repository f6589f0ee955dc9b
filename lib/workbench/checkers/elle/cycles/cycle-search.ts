/**
 * Searches a component for a cycle of a given type.
 *
 * `firstCycle` is Elle's search. From each transaction in turn it extends all simple paths, shortest
 * first, until one closes a cycle of the type. It follows Elle's order, because the first cycle found
 * decides which anomaly is reported. As in Elle, the loop of a path that runs into its own middle is
 * searched separately, from each of its transactions.
 *
 * The number of paths can grow exponentially. `quickCycle` handles components where it does: of all
 * paths that reach a transaction with the same progress it follows only one, so it takes one pass
 * over the graph per start. It can miss cycles, as the path it follows may cross itself where
 * another would not.
 *
 * @see Elle 0.2.2, elle.bfs
 */

import { inBifurcanOrder } from "../../clojure/set-order.ts";
import type { Budget } from "./budget.ts";
import {
  isComplete,
  PROGRESS_LIMIT,
  type Progress,
  progressAfter,
  startOf,
} from "./cycle-progress.ts";
import type { CycleType } from "./cycle-types.ts";
import type { Dependencies, Successors } from "./dependencies.ts";
import { IntList } from "./int-list.ts";
import { type Relations, RW } from "./relations.ts";

export class CycleSearch {
  readonly #dependencies: Dependencies;
  readonly #type: CycleType;
  /** The relations that cycles of the type may have. */
  readonly #relations: Relations;
  readonly #budget: Budget;

  /** @param budget Charged one step for each dependency considered. */
  constructor(dependencies: Dependencies, type: CycleType, budget: Budget) {
    this.#dependencies = dependencies;
    this.#type = type;
    this.#relations = type.allowed | (type.readWrites === "none" ? 0 : RW);
    this.#budget = budget;
  }

  /**
   * Returns the transactions of the first cycle in Elle's order, or `undefined`.
   *
   * @param hashOf The hash of each transaction.
   * @throws {BudgetExceeded} if the budget does not suffice.
   */
  firstCycle(hashOf: Int32Array): readonly number[] | undefined {
    const everything = new Set(Array.from({ length: this.#dependencies.count }, (_, node) => node));
    const space = new SearchSpace(this.#dependencies, this.#relations, everything, hashOf);
    for (const start of space.nodes()) {
      const cycle = this.#firstCycleFrom(start, space);
      if (cycle !== undefined) return cycle;
    }
    return undefined;
  }

  #firstCycleFrom(start: number, space: SearchSpace): readonly number[] | undefined {
    const paths = new Paths(start, startOf(this.#type));
    let shell: readonly number[] = [0];
    while (shell.length > 0) {
      const open: number[] = [];
      for (const path of shell) {
        if (!paths.isLoop(path, this.#budget)) {
          open.push(path);
          continue;
        }
        if (!isComplete(paths.progress(path))) continue;
        const loop = paths.loop(path);
        const cycle = loop[0] === start ? loop : this.#firstCycleAmong(loop, space);
        if (cycle !== undefined) return cycle;
      }
      const from = paths.count;
      for (const path of open) this.#extend(path, paths, space.after(paths.tip(path)));
      shell = range(from, paths.count);
    }
    return undefined;
  }

  /** Recurses at most once per transaction of the loop: each inner loop lacks some of them. */
  #firstCycleAmong(loop: readonly number[], space: SearchSpace): readonly number[] | undefined {
    const part = space.restrictedTo(new Set(loop));
    for (const start of loop) {
      const cycle = this.#firstCycleFrom(start, part);
      if (cycle !== undefined) return cycle;
    }
    return undefined;
  }

  /**
   * Returns the transactions of a cycle, or `undefined` if it found none.
   *
   * @throws {BudgetExceeded} if the budget does not suffice.
   */
  quickCycle(): readonly number[] | undefined {
    for (let start = 0; start < this.#dependencies.count; start++) {
      const paths = new Paths(start, startOf(this.#type));
      const seen = new Set<number>();
      for (let path = 0; path < paths.count; path++) {
        const tip = paths.tip(path);
        const progress = paths.progress(path);
        if (path > 0 && tip === start) {
          const loop = paths.loop(path);
          if (isComplete(progress) && new Set(loop).size === loop.length) return loop;
          continue;
        }
        const state = tip * PROGRESS_LIMIT + progress;
        if (seen.has(state)) continue;
        seen.add(state);
        this.#extend(path, paths, this.#dependencies.after(tip));
      }
    }
    return undefined;
  }

  /** Adds all extensions of a path by one edge. */
  #extend(path: number, paths: Paths, { targets, labels }: Successors): void {
    const progress = paths.progress(path);
    this.#budget.spend(targets.length);
    for (let i = 0; i < targets.length; i++) {
      const relations = (labels[i] ?? 0) & this.#relations;
      if (relations === 0) continue;
      for (const next of progressAfter(progress, relations, this.#type, path === 0)) {
        paths.add(path, targets[i] ?? 0, next);
      }
    }
  }
}

/** The subgraph of some transactions and some relations, with transactions in hash order. */
class SearchSpace {
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

function range(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, i) => from + i);
}

/** A growing tree of paths from one start. Path 0 is the start alone. */
class Paths {
  readonly #tips = new IntList();
  readonly #parents = new IntList();
  readonly #progress = new IntList();
  readonly #visited = new Set<number>();
  /** For each path, whether an earlier path visited its tip. */
  readonly #maybeLoop: boolean[] = [];

  constructor(start: number, progress: Progress) {
    this.add(-1, start, progress);
  }

  add(parent: number, tip: number, progress: Progress): number {
    this.#maybeLoop.push(this.#visited.has(tip));
    this.#visited.add(tip);
    this.#tips.push(tip);
    this.#parents.push(parent);
    this.#progress.push(progress);
    return this.#tips.length - 1;
  }

  get count(): number {
    return this.#tips.length;
  }

  tip(path: number): number {
    return this.#tips.get(path);
  }

  progress(path: number): Progress {
    return this.#progress.get(path);
  }

  /** Whether a path visited its tip before. */
  isLoop(path: number, budget: Budget): boolean {
    if (!this.#maybeLoop[path]) return false;
    const tip = this.#tips.get(path);
    let steps = 1;
    let ancestor = this.#parents.get(path);
    while (ancestor >= 0 && this.#tips.get(ancestor) !== tip) {
      ancestor = this.#parents.get(ancestor);
      steps++;
    }
    budget.spend(steps);
    return ancestor >= 0;
  }

  /** The part of a path between its two visits of its tip. */
  loop(path: number): number[] {
    const tip = this.#tips.get(path);
    const nodes: number[] = [];
    let ancestor = path;
    do {
      ancestor = this.#parents.get(ancestor);
      nodes.push(this.#tips.get(ancestor));
    } while (this.#tips.get(ancestor) !== tip);
    return nodes.reverse();
  }
}
