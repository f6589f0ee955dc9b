/** Prepares operations for a search: their returns in order, and a bit for each open operation. */

/** The return of an indefinite operation: it may take effect at any later time, or never. */
export const NEVER = 0x7fffffff;

/** Decides on operations by number. */
export interface Transitions {
  /** The initial state. */
  readonly initial: number;
  /** The state after an operation of this kind, or {@link REFUSED}. */
  next(state: number, kind: number): number;
}

export const REFUSED = -1;

/** Operations in order of call. Entries of equal index belong together. */
export interface Operations {
  /** Operations of one kind have the same effect in every state. */
  readonly kinds: Int32Array;
  /** 1 where a kind never changes the state. */
  readonly isRead: Uint8Array;
  /** Positions in the history. */
  readonly called: Int32Array;
  /** Greater than the position of the call; {@link NEVER} for indefinite operations. */
  readonly returned: Int32Array;
  /** Operations of one group may be tried in the order of `ranks`. */
  readonly groups: Int32Array;
  /** The first place where the effect of each was seen, as a guess; else {@link NEVER}. */
  readonly ranks: Int32Array;
}

/**
 * The operations of a search, apart from their effects.
 *
 * A definite operation has a *slot* from its call to its return, which others use before and after. An
 * indefinite operation keeps its own, as it never returns.
 */
export class Schedule {
  readonly operations: Operations;
  /** The definite operations, in order of return. */
  readonly returns: Int32Array;
  /** By return: the number of operations called before it. */
  readonly callsBefore: Int32Array;
  /** By definite operation: its slot. By indefinite operation: its position in `indefinite`. */
  readonly slots: Int32Array;
  /** By definite operation: the one that had its slot before, or -1. */
  readonly previous: Int32Array;
  readonly slotCount: number;
  readonly indefinite: Int32Array;
  /** By return: the number of indefinite operations called before it. */
  readonly indefiniteBefore: Int32Array;

  constructor(operations: Operations) {
    const { called, returned } = operations;
    const count = called.length;
    this.operations = operations;
    this.returns = inOrderOfReturn(returned);
    this.callsBefore = new Int32Array(this.returns.length);
    this.indefiniteBefore = new Int32Array(this.returns.length);
    this.slots = new Int32Array(count);
    this.previous = new Int32Array(count).fill(-1);
    const indefinite: number[] = [];
    const spare: number[] = [];
    const occupants: number[] = [];
    let next = 0;
    for (let index = 0; index < this.returns.length; index++) {
      const operation = this.returns[index] ?? 0;
      const at = returned[operation] ?? NEVER;
      for (; next < count && (called[next] ?? NEVER) < at; next++) {
        if (returned[next] === NEVER) {
          this.slots[next] = indefinite.push(next) - 1;
          continue;
        }
        const slot = spare.pop() ?? occupants.length;
        this.slots[next] = slot;
        this.previous[next] = occupants[slot] ?? -1;
        occupants[slot] = next;
      }
      this.callsBefore[index] = next;
      this.indefiniteBefore[index] = indefinite.length;
      spare.push(this.slots[operation] ?? 0);
    }
    this.slotCount = occupants.length;
    // Indefinite operations called after the last return constrain nothing.
    this.indefinite = Int32Array.from(indefinite);
  }
}

function inOrderOfReturn(returned: Int32Array): Int32Array {
  const count = returned.length;
  // One number for the position and the operation: sorted without a comparator, ten times as fast.
  const keys = new Float64Array(count);
  let definite = 0;
  for (let operation = 0; operation < count; operation++) {
    const at = returned[operation] ?? NEVER;
    if (at !== NEVER) keys[definite++] = at * count + operation;
  }
  const sorted = keys.subarray(0, definite).sort();
  const operations = new Int32Array(definite);
  for (let index = 0; index < definite; index++) operations[index] = (sorted[index] ?? 0) % count;
  return operations;
}
