/**
 * Searches for an order of operations that keeps that of each process, but not real time.
 *
 * Depth first. Each process has a next operation; the one that was called first is tried first, after
 * those that make a waiting read possible. A node is a state and how far each process has come, and is
 * visited once. Reads take effect as soon as they are next and the model accepts them, and indefinite
 * operations only if they change the state.
 */
import type { Memory } from "./memory.ts";
import { NEVER, type Operations, REFUSED, type Transitions } from "./schedule.ts";
import type { Effect, SearchResult } from "./search.ts";
import { VisitedNodes } from "./visited-nodes.ts";

export interface SequentialResult extends Omit<SearchResult, "furthest"> {
  /** The longest order found. */
  readonly longest: readonly Effect[];
  /** After it: the next operations of the processes, definite ones first, in order of call. */
  readonly waiting: readonly number[];
}

/** Steps for each operation that may come next at a node: ten million take a second or two. */
const COST_PER_WAITING = 4;

/** A node's candidate, in the order of trial. */
interface Frame {
  /** Number of operations in the order when the frame was opened. */
  readonly length: number;
  readonly candidates: readonly number[];
  next: number;
}

/**
 * Decides whether the operations have an order that the model accepts.
 *
 * @param processes The process of each operation.
 */
export function searchSequential(
  operations: Operations,
  processes: Int32Array,
  transitions: Transitions,
  maxSteps: number,
  memory: Memory,
): SequentialResult {
  const running = new SequentialSearch(operations, processes, transitions, maxSteps, memory);
  try {
    return running.run();
  } finally {
    running.release();
  }
}

class SequentialSearch {
  readonly #operations: Operations;
  readonly #transitions: Transitions;
  readonly #maxSteps: number;
  /** By process: its operations, in order. */
  readonly #threads: readonly (readonly number[])[];
  /** By operation: the number of its process. */
  readonly #threadOf: Int32Array;
  readonly #visited: VisitedNodes;
  /** The state, then how many operations of each process have taken effect. */
  readonly #node: Int32Array;
  readonly #order: Effect[] = [];
  readonly #frames: Frame[] = [];
  #longest: readonly Effect[] = [];
  #longestWaiting: readonly number[] = [];
  #steps = 0;

  constructor(
    operations: Operations,
    processes: Int32Array,
    transitions: Transitions,
    maxSteps: number,
    memory: Memory,
  ) {
    this.#operations = operations;
    this.#transitions = transitions;
    this.#maxSteps = maxSteps;
    const threads: number[][] = [];
    const threadOf = new Map<number, number>();
    this.#threadOf = new Int32Array(processes.length);
    for (const [operation, process] of processes.entries()) {
      const index = threadOf.get(process) ?? threads.push([]) - 1;
      threads[index]?.push(operation);
      this.#threadOf[operation] = index;
      // After an indefinite operation a client continues as another process.
      if (this.#isIndefinite(operation)) threadOf.delete(process);
      else threadOf.set(process, index);
    }
    this.#threads = threads;
    this.#visited = new VisitedNodes(threads.length, threads.length, memory);
    this.#node = new Int32Array(1 + threads.length);
    this.#node[0] = transitions.initial;
  }

  run(): SequentialResult {
    let isDone = this.#enter();
    while (!isDone && this.#frames.length > 0 && this.#limit() === undefined)
      isDone = this.#tryNext();
    const limit = this.#limit();
    this.#recordLongest();
    return {
      linearizable: isDone ? true : limit === undefined ? false : "unknown",
      steps: this.#steps,
      longest: this.#longest,
      waiting: this.#longestWaiting,
      ...(isDone || limit === undefined ? {} : { limit }),
    };
  }

  release(): void {
    this.#visited.release();
  }

  #limit(): "steps" | "memory" | undefined {
    if (this.#visited.isFull) return "memory";
    return this.#steps >= this.#maxSteps ? "steps" : undefined;
  }

  #tryNext(): boolean {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return false;
    this.#undo(frame.length);
    const operation = frame.candidates[frame.next++];
    if (operation === undefined) {
      this.#frames.pop();
      return false;
    }
    const state = this.#next(operation);
    if (state === REFUSED || (this.#isIndefinite(operation) && state === this.#node[0]))
      return false;
    this.#apply(operation, state);
    return this.#enter();
  }

  /** Opens a frame for the current node, unless it was visited. Returns whether the order is complete. */
  #enter(): boolean {
    this.#settle();
    const waiting = this.#waiting();
    // A frame costs more than the operations tried on it.
    this.#steps += COST_PER_WAITING * waiting.length;
    if (waiting.every((operation) => this.#isIndefinite(operation))) return true;
    if (!this.#visited.add(0, this.#node, 0, 1)) return false;
    const reads = waiting.filter((operation) => this.#operations.isRead[operation] === 1);
    const enables = (operation: number) => {
      const state = this.#next(operation);
      return (
        state !== REFUSED && reads.some((each) => each !== operation && this.#accepts(state, each))
      );
    };
    const first = waiting.filter(enables);
    const others = waiting.filter((operation) => !first.includes(operation));
    this.#frames.push({ length: this.#order.length, candidates: [...first, ...others], next: 0 });
    return false;
  }

  /** The next operations of the processes: definite ones first, then in order of call. */
  #waiting(): number[] {
    const waiting = this.#threads
      .flatMap((thread, index) => thread[this.#node[index + 1] ?? 0] ?? [])
      .sort((one, other) => one - other);
    return [
      ...waiting.filter((operation) => !this.#isIndefinite(operation)),
      ...waiting.filter((operation) => this.#isIndefinite(operation)),
    ];
  }

  /** Lets reads take effect that are next in their process, as long as the model accepts one. */
  #settle(): void {
    const state = this.#node[0] ?? 0;
    for (const [index, thread] of this.#threads.entries()) {
      for (;;) {
        const operation = thread[this.#node[index + 1] ?? 0];
        if (operation === undefined || this.#operations.isRead[operation] === 0) break;
        // A read may rule out some of the states that a non-deterministic model may be in.
        if (this.#next(operation) !== state) break;
        this.#apply(operation, state);
      }
    }
  }

  #apply(operation: number, state: number): void {
    this.#order.push({ operation, state });
    this.#node[0] = state;
    this.#move(operation, 1);
  }

  #recordLongest(): void {
    if (this.#order.length < this.#longest.length) return;
    this.#longest = [...this.#order];
    this.#longestWaiting = this.#waiting();
  }

  #undo(length: number): void {
    if (this.#order.length > length) this.#recordLongest();
    while (this.#order.length > length) {
      const undone = this.#order.pop();
      if (undone !== undefined) this.#move(undone.operation, -1);
    }
    this.#node[0] = this.#order.at(-1)?.state ?? this.#transitions.initial;
  }

  #move(operation: number, by: number): void {
    const at = 1 + (this.#threadOf[operation] ?? 0);
    this.#node[at] = (this.#node[at] ?? 0) + by;
  }

  #next(operation: number): number {
    this.#steps++;
    return this.#transitions.next(this.#node[0] ?? 0, this.#operations.kinds[operation] ?? 0);
  }

  #accepts(state: number, operation: number): boolean {
    return this.#transitions.next(state, this.#operations.kinds[operation] ?? 0) !== REFUSED;
  }

  #isIndefinite(operation: number): boolean {
    return this.#operations.returned[operation] === NEVER;
  }
}
