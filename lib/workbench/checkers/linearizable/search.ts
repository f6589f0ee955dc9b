/**
 * Searches for a linearization of operations on any model.
 *
 * The algorithm is just-in-time linearization, depth first. It reads the history from return to
 * return. An operation takes effect when it returns, or earlier if that makes another one possible
 * that returns now: the shortest orders are tried first. A *node* is a state and the open operations
 * that have taken effect; if none of the orders that continue a node succeeds, the search goes back to
 * an earlier one. Four rules keep the number of nodes small without losing a linearization:
 *
 * 1. A node is visited once per return, and not at all if another one with the same state and the same
 *    definite operations has used fewer indefinite ones: it can do whatever this one can.
 * 2. Operations that never change the state take effect as soon as the model accepts them.
 * 3. Among open operations of one kind, the first to return is used first, then the indefinite ones in
 *    order of call. They are equivalent, and the others stay open longer.
 * 4. Indefinite operations that leave the state as it is never take effect.
 *
 * Everything is a number: states and kinds are indexes, nodes are bits in typed arrays. The inner loop
 * allocates nothing.
 *
 * @see J. Wing and C. Gong, "Testing and verifying concurrent objects", 1993
 * @see G. Lowe, "Testing for linearizability", 2017 (just-in-time linearization, memoization)
 * @see Porcupine: the same memoization of states and linearized operations
 */
import { Memory } from "./memory.ts";
import { NEVER, REFUSED, type Schedule, type Transitions } from "./schedule.ts";
import { VisitedNodes } from "./visited-nodes.ts";

/** The effect of one operation in an order. */
export interface Effect {
  readonly operation: number;
  /** The state after it. */
  readonly state: number;
}

export interface SearchOptions {
  /** Maximum number of operations tried; ten million take a second or two. */
  readonly steps: number;
  /** Maximum number of operations that take effect between two returns, before the second. */
  readonly depth?: number;
  /** Whether operations of one group are tried in the order of their ranks. */
  readonly isRanked?: boolean;
  /** The memory that the search shares with others until it ends. By default it has its own. */
  readonly memory?: Memory;
  /**
   * Called with each order that reaches the return with index `at`, instead of going on from there.
   * Receives the operations that took effect; returns whether to go on with the search.
   */
  readonly stop?: { readonly at: number; found(path: readonly Effect[]): boolean };
}

export interface SearchResult {
  readonly linearizable: boolean | "unknown";
  readonly steps: number;
  /** Index of the first return that none of the orders tried could pass. */
  readonly furthest: number;
  /** Why the result is unknown. */
  readonly limit?: "steps" | "memory";
}

/** Offsets in a node: its state, the node before it, the operation between them; then its bits. */
const STATE = 0;
const PARENT = 1;
const OPERATION = 2;
const BITS = 3;

/** Offsets in a frame: the index of the next return, its first node, the last one, its candidate. */
const RETURN = 0;
const FIRST = 1;
const NODE = 2;
const CANDIDATE = 3;
const DEPTH = 4;
const FRAME_SIZE = 5;

/** Numbers of candidates: a ranked operation, then the one that returns, then the others. */
const FIRST_OTHER = 2;

/** Whether the operation that returns next must be able to follow a candidate at once. */
type Trial = typeof FOLLOWED | typeof NOT_FOLLOWED | typeof ANY;
const FOLLOWED = 0;
const NOT_FOLLOWED = 1;
const ANY = 2;

const NONE = -1;

/** Decides whether the operations have an order that the model accepts. */
export function search(
  schedule: Schedule,
  transitions: Transitions,
  options: SearchOptions,
): SearchResult {
  const running = new Search(schedule, transitions, options);
  try {
    return running.run();
  } finally {
    running.release();
  }
}

class Search {
  readonly #schedule: Schedule;
  readonly #transitions: Transitions;
  readonly #options: SearchOptions;
  /** Number of the first bit of indefinite operations; those of slots come before. */
  readonly #indefiniteBits: number;
  readonly #words: number;
  readonly #nodeSize: number;
  readonly #stepCost: number;
  readonly #memory: Memory;
  readonly #visited: VisitedNodes;
  /** By slot: the operation that has it, open or returned. */
  readonly #occupants: Int32Array;
  /** By position among the indefinite operations: the one of the same kind before it, or -1. */
  readonly #sameKindBefore: Int32Array;
  #nodes = new Int32Array(1 << 9);
  /** End of the nodes in use. */
  #top = 0;
  #frames = new Int32Array(1 << 7);
  #frame = -FRAME_SIZE;
  /** Number of operations called so far. */
  #called = 0;
  /** The definite operations that are open at the return with index `#openAt`, in order of call. */
  readonly #open: Int32Array;
  #openCount = 0;
  #openAt = NONE;
  #steps = 0;
  #furthest = 0;
  #isStopped = false;
  #isCut = false;
  #limit: "steps" | "memory" | undefined;

  constructor(schedule: Schedule, transitions: Transitions, options: SearchOptions) {
    this.#schedule = schedule;
    this.#transitions = transitions;
    this.#options = options;
    const slotWords = (schedule.slotCount + 31) >>> 5;
    this.#indefiniteBits = slotWords * 32;
    this.#words = slotWords + ((schedule.indefinite.length + 31) >>> 5);
    this.#nodeSize = BITS + this.#words;
    this.#stepCost = 1 + (this.#words >>> 2);
    this.#memory = options.memory ?? new Memory();
    this.#memory.take(this.#nodes.byteLength);
    this.#visited = new VisitedNodes(slotWords, this.#words, this.#memory);
    this.#occupants = new Int32Array(schedule.slotCount).fill(NONE);
    this.#open = new Int32Array(schedule.slotCount);
    this.#sameKindBefore = sameKindBefore(schedule);
  }

  run(): SearchResult {
    let isDone = this.#enter(0, this.#addNode(NONE, this.#transitions.initial, NONE));
    while (!isDone && this.#frame >= 0 && !this.#isStopped && this.#limit === undefined) {
      isDone = this.#tryNext();
    }
    const isConclusive = this.#limit === undefined && !this.#isStopped;
    return {
      linearizable: isConclusive && (isDone || !this.#isCut) ? isDone : "unknown",
      steps: this.#steps,
      furthest: this.#furthest,
      ...(this.#limit === undefined ? {} : { limit: this.#limit }),
    };
  }

  release(): void {
    this.#memory.giveBack(this.#nodes.byteLength);
    this.#visited.release();
  }

  /** Tries the next candidate of the innermost frame. Returns whether every operation has a place. */
  #tryNext(): boolean {
    const frames = this.#frames;
    const frame = this.#frame;
    const index = frames[frame + RETURN] ?? 0;
    const node = frames[frame + NODE] ?? 0;
    const candidate = frames[frame + CANDIDATE] ?? 0;
    const { returns, indefiniteBefore, indefinite } = this.#schedule;
    const target = returns[index] ?? 0;
    frames[frame + CANDIDATE] = candidate + 1;
    if (candidate === 1) return this.#pass(index, node, target);
    this.#callUntil(index);
    if (this.#openAt !== index) this.#listOpen(index);
    if (candidate === 0) {
      if (this.#options.isRanked === true) this.#applyRanked(index, node, target);
      return false;
    }
    // Every other candidate comes twice: first where the target can follow at once, then elsewhere.
    const openCount = this.#openCount;
    const count = openCount + (indefiniteBefore[index] ?? 0);
    const trial = candidate < count + FIRST_OTHER ? FOLLOWED : NOT_FOLLOWED;
    const position = candidate - FIRST_OTHER - (trial === FOLLOWED ? 0 : count);
    const depth = (frames[frame + DEPTH] ?? 0) + 1;
    // What would be cut need not be tried, once the result is no proof anyway.
    if (position === count || (this.#isCut && depth > (this.#options.depth ?? NEVER))) {
      this.#popFrame();
    } else if (position < openCount) {
      const operation = this.#open[position] ?? 0;
      if (this.#isUseful(node, operation, target)) {
        this.#apply(node, operation, index, depth, trial);
      }
    } else {
      const operation = indefinite[position - openCount] ?? 0;
      if (this.#isUsable(node, position - openCount, operation, target)) {
        this.#apply(node, operation, index, depth, trial);
      }
    }
    return false;
  }

  /** Applies the first open operation of the target's group, if its rank precedes the target's. */
  #applyRanked(index: number, node: number, target: number): void {
    const { groups, ranks } = this.#schedule.operations;
    const { indefinite, indefiniteBefore } = this.#schedule;
    const group = groups[target];
    let first = NONE;
    let least = ranks[target] ?? NEVER;
    for (let position = 0; position < this.#openCount; position++) {
      const operation = this.#open[position] ?? 0;
      const rank = ranks[operation] ?? NEVER;
      if (rank >= least || groups[operation] !== group) continue;
      if (this.#has(node, this.#slot(operation))) continue;
      first = operation;
      least = rank;
    }
    for (let position = 0; position < (indefiniteBefore[index] ?? 0); position++) {
      const operation = indefinite[position] ?? 0;
      const rank = ranks[operation] ?? NEVER;
      if (rank >= least || groups[operation] !== group) continue;
      if (this.#has(node, this.#indefiniteBits + position)) continue;
      first = operation;
      least = rank;
    }
    const depth = this.#frames[this.#frame + DEPTH] ?? 0;
    if (first !== NONE) this.#apply(node, first, index, depth, ANY);
  }

  /** Lets the operation that returns next take effect. Returns whether every one then has a place. */
  #pass(index: number, node: number, target: number): boolean {
    const slot = this.#slot(target);
    const isSettled = this.#has(node, slot);
    const state = isSettled ? (this.#nodes[node + STATE] ?? 0) : this.#next(node, target);
    if (state === REFUSED) return false;
    const passed = this.#addNode(node, state, isSettled ? NONE : target);
    // The next operation that has the slot has not taken effect.
    this.#clear(passed, slot);
    return this.#enter(index + 1, passed);
  }

  /** Whether an open operation may take effect before the target, which returns first. */
  #isUseful(node: number, operation: number, target: number): boolean {
    if (this.#has(node, this.#slot(operation))) return false;
    const { kinds } = this.#schedule.operations;
    return kinds[operation] !== kinds[target] && !this.#hasRival(node, operation);
  }

  /** Whether an indefinite operation may take effect before the target. */
  #isUsable(node: number, position: number, operation: number, target: number): boolean {
    if (this.#has(node, this.#indefiniteBits + position)) return false;
    const before = this.#sameKindBefore[position] ?? NONE;
    if (before !== NONE && !this.#has(node, this.#indefiniteBits + before)) return false;
    const { kinds } = this.#schedule.operations;
    return kinds[operation] !== kinds[target] && !this.#hasRival(node, operation);
  }

  /** Whether another open operation of the same kind returns earlier, and has not taken effect. */
  #hasRival(node: number, operation: number): boolean {
    const { kinds, returned } = this.#schedule.operations;
    const kind = kinds[operation];
    const until = returned[operation] ?? NEVER;
    for (let position = 0; position < this.#openCount; position++) {
      const rival = this.#open[position] ?? 0;
      if (kinds[rival] !== kind || (returned[rival] ?? NEVER) >= until) continue;
      if (!this.#has(node, this.#slot(rival))) return true;
    }
    return false;
  }

  #listOpen(index: number): void {
    const { returned } = this.#schedule.operations;
    const now = returned[this.#schedule.returns[index] ?? 0] ?? NEVER;
    const open = this.#open;
    let count = 0;
    for (let slot = 0; slot < this.#occupants.length; slot++) {
      const operation = this.#occupants[slot] ?? NONE;
      if (operation === NONE || (returned[operation] ?? 0) < now) continue;
      let position = count++;
      for (; position > 0 && (open[position - 1] ?? 0) > operation; position--) {
        open[position] = open[position - 1] ?? 0;
      }
      open[position] = operation;
    }
    this.#openCount = count;
    this.#openAt = index;
  }

  /**
   * Opens a frame for the node after an operation that takes effect before the one that returns next.
   *
   * @param trial Whether to do so only if the returning operation can follow at once, or cannot.
   */
  #apply(node: number, operation: number, index: number, depth: number, trial: Trial): void {
    const state = this.#next(node, operation);
    if (state === REFUSED) return;
    if (depth > (this.#options.depth ?? NEVER)) {
      this.#isCut = true;
      return;
    }
    const { kinds, returned } = this.#schedule.operations;
    const isIndefinite = returned[operation] === NEVER;
    if (isIndefinite && state === this.#nodes[node + STATE]) return;
    if (trial !== ANY) {
      const target = this.#schedule.returns[index] ?? 0;
      const follows = this.#transitions.next(state, kinds[target] ?? 0) !== REFUSED;
      if (follows !== (trial === FOLLOWED)) return;
    }
    const first = this.#top;
    const added = this.#addNode(node, state, operation);
    this.#set(added, (isIndefinite ? this.#indefiniteBits : 0) + this.#slot(operation));
    const settled = this.#settleAll(added, index);
    if (this.#isNew(index, settled)) this.#pushFrame(index, first, settled, depth);
    else this.#top = first;
  }

  /**
   * Passes returns of operations that have taken effect, and opens a frame at the first other one.
   *
   * @returns whether all operations have taken effect.
   */
  #enter(index: number, node: number): boolean {
    const { returns } = this.#schedule;
    const { stop } = this.#options;
    let current = node;
    for (let at = index; ; at++) {
      if (at === stop?.at) {
        if (!stop.found(this.#path(current))) this.#isStopped = true;
        break;
      }
      if (at === returns.length) return true;
      const calledBefore = this.#called;
      this.#callUntil(at);
      current =
        at === index ? this.#settleAll(current, at) : this.#settleCalls(current, calledBefore);
      const slot = this.#slot(returns[at] ?? 0);
      if (this.#has(current, slot)) {
        this.#clear(current, slot);
        continue;
      }
      if (at > this.#furthest) this.#furthest = at;
      if (!this.#isNew(at, current)) break;
      this.#pushFrame(at, node, current, 0);
      return false;
    }
    this.#top = node;
    return false;
  }

  /** Lets all open reads take effect that the model accepts in the node's state. */
  #settleAll(node: number, index: number): number {
    const { isRead, returned } = this.#schedule.operations;
    const now = returned[this.#schedule.returns[index] ?? 0] ?? 0;
    const occupants = this.#occupants;
    let current = node;
    for (let slot = 0; slot < occupants.length; slot++) {
      const operation = occupants[slot] ?? NONE;
      if (operation === NONE || isRead[operation] === 0) continue;
      if ((returned[operation] ?? 0) >= now) current = this.#settle(current, operation, slot);
    }
    return current;
  }

  /** Does the same for the reads among the latest calls. */
  #settleCalls(node: number, from: number): number {
    const { isRead, returned } = this.#schedule.operations;
    let current = node;
    for (let operation = from; operation < this.#called; operation++) {
      if (isRead[operation] === 0 || returned[operation] === NEVER) continue;
      current = this.#settle(current, operation, this.#slot(operation));
    }
    return current;
  }

  #settle(node: number, operation: number, slot: number): number {
    if (this.#has(node, slot)) return node;
    const state = this.#next(node, operation);
    // A read may rule out some of the states that a non-deterministic model may be in.
    if (state !== this.#nodes[node + STATE]) return node;
    const settled = this.#addNode(node, state, operation);
    this.#set(settled, slot);
    return settled;
  }

  /** Calls operations, or takes calls back, up to the return with this index. */
  #callUntil(index: number): void {
    const { callsBefore, slots, previous, operations } = this.#schedule;
    const until = callsBefore[index] ?? 0;
    while (this.#called < until) {
      const operation = this.#called++;
      if (operations.returned[operation] === NEVER) continue;
      this.#occupants[slots[operation] ?? 0] = operation;
    }
    while (this.#called > until) {
      const operation = --this.#called;
      if (operations.returned[operation] === NEVER) continue;
      this.#occupants[slots[operation] ?? 0] = previous[operation] ?? NONE;
    }
  }

  #next(node: number, operation: number): number {
    this.#steps += this.#stepCost;
    if (this.#steps > this.#options.steps) this.#limit ??= "steps";
    const kind = this.#schedule.operations.kinds[operation] ?? 0;
    return this.#transitions.next(this.#nodes[node + STATE] ?? 0, kind);
  }

  /** Whether no node was visited that can do whatever this one can. Marks it as visited. */
  #isNew(index: number, node: number): boolean {
    const isNew = this.#visited.add(index, this.#nodes, node + STATE, node + BITS);
    if (this.#visited.isFull) this.#limit ??= "memory";
    return isNew;
  }

  /** Adds a node with the bits of the one before it. */
  #addNode(parent: number, state: number, operation: number): number {
    const size = this.#nodeSize;
    if (this.#top + size > this.#nodes.length) this.#growNodes();
    const nodes = this.#nodes;
    const node = this.#top;
    this.#top += size;
    nodes[node + STATE] = state;
    nodes[node + PARENT] = parent;
    nodes[node + OPERATION] = operation;
    for (let offset = BITS; offset < size; offset++) {
      nodes[node + offset] = parent === NONE ? 0 : (nodes[parent + offset] ?? 0);
    }
    return node;
  }

  #growNodes(): void {
    if (this.#memory.isExhausted) {
      // The nodes are overwritten from now on: the search ends without a result.
      this.#limit ??= "memory";
      this.#top = 0;
      return;
    }
    this.#memory.take(this.#nodes.byteLength);
    const nodes = new Int32Array(this.#nodes.length * 2);
    nodes.set(this.#nodes);
    this.#nodes = nodes;
  }

  #pushFrame(index: number, first: number, node: number, depth: number): void {
    this.#frame += FRAME_SIZE;
    if (this.#frame + FRAME_SIZE > this.#frames.length) {
      const frames = new Int32Array(this.#frames.length * 2);
      frames.set(this.#frames);
      this.#frames = frames;
    }
    this.#frames[this.#frame + RETURN] = index;
    this.#frames[this.#frame + FIRST] = first;
    this.#frames[this.#frame + NODE] = node;
    this.#frames[this.#frame + CANDIDATE] = 0;
    this.#frames[this.#frame + DEPTH] = depth;
  }

  #popFrame(): void {
    this.#top = this.#frames[this.#frame + FIRST] ?? 0;
    this.#frame -= FRAME_SIZE;
  }

  #path(node: number): Effect[] {
    const path: Effect[] = [];
    for (let at = node; at !== NONE; at = this.#nodes[at + PARENT] ?? NONE) {
      const operation = this.#nodes[at + OPERATION] ?? NONE;
      if (operation !== NONE) path.push({ operation, state: this.#nodes[at + STATE] ?? 0 });
    }
    return path.reverse();
  }

  #slot(operation: number): number {
    return this.#schedule.slots[operation] ?? 0;
  }

  #has(node: number, bit: number): boolean {
    return ((this.#nodes[node + BITS + (bit >>> 5)] ?? 0) & (1 << (bit & 31))) !== 0;
  }

  #set(node: number, bit: number): void {
    const at = node + BITS + (bit >>> 5);
    this.#nodes[at] = (this.#nodes[at] ?? 0) | (1 << (bit & 31));
  }

  #clear(node: number, bit: number): void {
    const at = node + BITS + (bit >>> 5);
    this.#nodes[at] = (this.#nodes[at] ?? 0) & ~(1 << (bit & 31));
  }
}

function sameKindBefore({ indefinite, operations: { kinds } }: Schedule): Int32Array {
  if (indefinite.length === 0) return indefinite;
  const latest = new Map<number, number>();
  return indefinite.map((operation, position) => {
    const kind = kinds[operation] ?? 0;
    const before = latest.get(kind) ?? NONE;
    latest.set(kind, position);
    return before;
  });
}
