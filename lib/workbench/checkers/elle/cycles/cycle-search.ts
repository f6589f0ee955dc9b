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
import type { Budget } from "./budget.ts";
import { isComplete, PROGRESS_LIMIT, progressAfter, startOf } from "./cycle-progress.ts";
import type { CycleType } from "./cycle-types.ts";
import type { Dependencies, Successors } from "./dependencies.ts";
import { Paths } from "./paths.ts";
import { type Relations, RW } from "./relations.ts";
import { SearchSpace } from "./search-space.ts";

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

function range(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, i) => from + i);
}
