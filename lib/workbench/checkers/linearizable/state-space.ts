/** The states of a model as numbers, and what operations do to them. */
import { describeKind } from "./describe.ts";
import type { Memory } from "./memory.ts";
import { type AnyModel, type ModelOperation, OneOf } from "./model.ts";
import type { States } from "./order-search.ts";
import { PairMap, UNKNOWN } from "./pair-map.ts";
import { REFUSED } from "./schedule.ts";
import { canonicalText, type StateKey, StateKeys } from "./state-key.ts";

/** The operations of a part of a history as the model sees them, by kind. */
export interface Kinds {
  readonly operations: readonly ModelOperation[];
  readonly isRead: readonly boolean[];
}

/** Steps are checked for changes to the state they received: the first of each function, then one in so many. */
const CHECKED_EVERY = 64;

/** Number of states that the table of transitions begins with, and its maximum length. */
const FIRST_STATES = 4;
const MAX_TABLE_LENGTH = 1 << 16;

const NONE: readonly never[] = [];

/** About the bytes of a state and its entries in maps, and of each character of its key. */
const BYTES_PER_STATE = 256;
const BYTES_PER_CHARACTER = 8;

/**
 * Numbers the states as they are reached, and calls `step` once for each state and kind.
 *
 * A non-deterministic model may be in one of several states. Such a set of states has a number, too,
 * and an operation leads to all states that it may lead to from any of them.
 */
export class StateSpace<State> implements States {
  readonly initial: number;
  readonly #model: AnyModel<State>;
  readonly #kinds: Kinds;
  readonly #memory: Memory;
  /** By state, then by kind: the first states, in an array. */
  #table: Int32Array;
  /** The others. */
  #transitions: PairMap | undefined;
  #numbers = new Map<StateKey, number>();
  #keys = new StateKeys();
  /** Length of the texts in `#keys` that were counted. */
  #textLength = 0;
  #states: (readonly State[])[] = [];
  #bytes = 0;
  #stepCount = 0;
  /** Functions of which a step was checked. */
  readonly #checked = new Set<string>();

  constructor(model: AnyModel<State>, kinds: Kinds, initial: State, memory: Memory) {
    this.#model = model;
    this.#kinds = kinds;
    this.#memory = memory;
    this.#table = new Int32Array(0);
    this.initial = this.#numberOf(initial);
  }

  /** Forgets all states but the initial one, and gives their memory back. */
  clear(): void {
    const first = this.#states[this.initial] ?? [];
    this.#memory.giveBack(this.#bytes);
    this.#bytes = 0;
    this.#table = new Int32Array(0);
    this.#transitions = undefined;
    this.#numbers = new Map();
    this.#keys = new StateKeys();
    this.#textLength = 0;
    this.#states = [];
    this.#number(first);
  }

  next(state: number, kind: number): number {
    const count = this.#kinds.operations.length;
    const at = state * count + kind;
    if (at < this.#table.length) {
      const known = this.#table[at] ?? UNKNOWN;
      if (known !== UNKNOWN) return known;
      const next = this.#step(state, kind);
      this.#table[at] = next;
      return next;
    }
    if (this.#extendTable(state)) return this.next(state, kind);
    return this.#nextInMap(state, kind);
  }

  #nextInMap(state: number, kind: number): number {
    this.#transitions ??= new PairMap();
    const known = this.#transitions.get(state, kind);
    if (known !== UNKNOWN) return known;
    const next = this.#step(state, kind);
    const { byteLength } = this.#transitions;
    this.#transitions.set(state, kind, next);
    const growth = this.#transitions.byteLength - byteLength;
    if (growth > 0) this.#take(growth);
    return next;
  }

  /** Makes room in the table for this state and some more, if they are not too many. */
  #extendTable(state: number): boolean {
    const count = this.#kinds.operations.length;
    const length = Math.min(count * Math.max(FIRST_STATES, 2 * (state + 1)), MAX_TABLE_LENGTH);
    if (length < count * (state + 1)) return false;
    const table = new Int32Array(length);
    table.fill(UNKNOWN, this.#table.length);
    table.set(this.#table);
    this.#take(table.byteLength - this.#table.byteLength);
    this.#table = table;
    return true;
  }

  numberOf(state: State): number {
    return this.#numberOf(state);
  }

  /** Describes a state, or the states of which it may be one. */
  describe(state: number): string {
    const describeState = this.#model.describeState ?? canonicalText;
    return (this.#states[state] ?? []).map((each) => describeState(each)).join(" or ");
  }

  #step(state: number, kind: number): number {
    const operation = this.#kinds.operations[kind];
    const from = this.#states[state];
    if (operation === undefined || from === undefined) {
      throw new Error("No such state or operation");
    }
    const isRead = this.#kinds.isRead[kind] === true;
    const [first] = from;
    if (from.length === 1 && first !== undefined) {
      const next = this.#outcome(first, operation, isRead);
      if (next === undefined) return REFUSED;
      // Most reads return the very state: its key is known.
      if (next === first) return state;
      return next instanceof OneOf ? this.#number(next.states) : this.#numberOf(next);
    }
    return this.#number(
      from.flatMap((each) => {
        const next = this.#outcome(each, operation, isRead);
        if (next === undefined) return NONE;
        return next instanceof OneOf ? next.states : [next];
      }),
    );
  }

  #outcome(
    state: State,
    operation: ModelOperation,
    isRead: boolean,
  ): State | undefined | OneOf<State> {
    const count = this.#stepCount++;
    const isChecked = count % CHECKED_EVERY === 0 || !this.#checked.has(operation.f);
    if (isChecked) this.#checked.add(operation.f);
    const before = isChecked ? this.#keyOf(state) : undefined;
    const next = this.#model.step(state, operation);
    if (isChecked && this.#keyOf(state) !== before) {
      throw new Error(
        `The model's step changed the state that it received, at ${describeKind(operation)}. ` +
          "Return a new state instead",
      );
    }
    if (isRead && next !== undefined && next !== state) this.#requireSame(state, next, operation);
    return next;
  }

  #requireSame(state: State, next: State | OneOf<State>, operation: ModelOperation): void {
    const states = next instanceof OneOf ? next.states : [next];
    if (states.some((each) => each !== state && this.#keyOf(each) !== this.#keyOf(state))) {
      throw new Error(
        `The model's isRead is true of ${describeKind(operation)}, but its step changed the state`,
      );
    }
  }

  /** The number of a set of states; of none, {@link REFUSED}. */
  #number(states: readonly State[]): number {
    const byKey = new Map(states.map((state) => [this.#keyOf(state), state]));
    const [only] = byKey.values();
    if (only === undefined) return REFUSED;
    if (byKey.size === 1) return this.#numberOf(only);
    const keys = [...byKey.keys()].map(canonicalText).sort();
    const key = `\u0000{${keys.join()}}`;
    return this.#numbers.get(key) ?? this.#add(key, [...byKey.values()]);
  }

  #numberOf(state: State): number {
    const key = this.#keyOf(state);
    return this.#numbers.get(key) ?? this.#add(key, [state]);
  }

  #add(key: StateKey, states: readonly State[]): number {
    const number = this.#states.push(states) - 1;
    this.#numbers.set(key, number);
    const length = typeof key === "string" ? key.length : 0;
    const textLength = this.#keys.length - this.#textLength;
    this.#textLength += textLength;
    this.#take(BYTES_PER_STATE + BYTES_PER_CHARACTER * (length + textLength));
    return number;
  }

  #take(bytes: number): void {
    this.#memory.take(bytes);
    this.#bytes += bytes;
  }

  #keyOf(state: State): StateKey {
    return this.#model.stateKey === undefined
      ? this.#keys.keyOf(state)
      : this.#model.stateKey(state);
  }
}
