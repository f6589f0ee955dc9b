/** Stores the paths of a search as a tree in flat arrays. */
import type { Budget } from "./budget.ts";
import type { Progress } from "./cycle-progress.ts";
import { IntList } from "./int-list.ts";

/** A growing tree of paths from one start. Path 0 is the start alone. */
export class Paths {
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
