/** The states of a model as numbers, and what operations do to them. */
import { describeKind } from "./describe.ts";
import type { Memory } from "./memory.ts";
import { type AnyModel, type ModelOperation, OneOf } from "./model.ts";
import type { States } from "./order-search.ts";
import { PairMap, UNKNOWN } from "./pair-map.ts";
import { REFUSED } from "./schedule.ts";
import { canonicalText, type StateKey, stateKey } from "./state-key.ts";

/** The operations of a part of a history as the model sees them, by kind. */
export interface Kinds {
  readonly operations: readonly ModelOperation[];
  readonly isRead: readonly boolean[];
}

/** Steps are checked for changes to the state they received: the first of each function, then one in so many. */
const CHECKED_EVERY = 64;

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
  #transitions = new PairMap();
  #numbers = new Map<StateKey, number>();
  #states: (readonly State[])[] = [];
  #bytes = 0;
  #stepCount = 0;
  /** Functions of which a step was checked. */
  readonly #checked = new Set<string>();

  constructor(model: AnyModel<State>, kinds: Kinds, initial: State, memory: Memory) {
    this.#model = model;
    this.#kinds = kinds;
    this.#memory = memory;
    this.initial = this.#number([initial]);
  }

  /** Forgets all states but the initial one, and gives their memory back. */
  clear(): void {
    const first = this.#states[this.initial] ?? [];
    this.#memory.giveBack(this.#bytes);
    this.#bytes = 0;
    this.#transitions = new PairMap();
    this.#numbers = new Map();
    this.#states = [];
    this.#number(first);
  }

  next(state: number, kind: number): number {
    const known = this.#transitions.get(state, kind);
    if (known !== UNKNOWN) return known;
    const next = this.#step(state, kind);
    const { byteLength } = this.#transitions;
    this.#transitions.set(state, kind, next);
    const growth = this.#transitions.byteLength - byteLength;
    if (growth > 0) this.#take(growth);
    return next;
  }

  numberOf(state: State): number {
    return this.#number([state]);
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
      const next = this.#outcomes(first, operation, isRead);
      // Most reads return the very state: its key is known.
      if (next.length === 1 && next[0] === first) return state;
      return next.length === 0 ? REFUSED : this.#number(next);
    }
    const next = from.flatMap((each) => this.#outcomes(each, operation, isRead));
    return next.length === 0 ? REFUSED : this.#number(next);
  }

  #outcomes(state: State, operation: ModelOperation, isRead: boolean): readonly State[] {
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
    if (next === undefined) return NONE;
    const states = next instanceof OneOf ? next.states : [next];
    if (
      isRead &&
      states.some((each) => each !== state && this.#keyOf(each) !== this.#keyOf(state))
    ) {
      throw new Error(
        `The model's isRead is true of ${describeKind(operation)}, but its step changed the state`,
      );
    }
    return states;
  }

  #number(states: readonly State[]): number {
    const [only] = states;
    const key = states.length === 1 && only !== undefined ? this.#keyOf(only) : undefined;
    if (key !== undefined) return this.#numberOf(key, states);
    const byKey = new Map(states.map((state) => [this.#keyOf(state), state]));
    if (byKey.size === 1) return this.#number([...byKey.values()]);
    const keys = [...byKey.keys()].map(canonicalText).sort();
    return this.#numberOf(`\u0000{${keys.join()}}`, [...byKey.values()]);
  }

  #numberOf(key: StateKey, states: readonly State[]): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#states.push(states) - 1;
    this.#numbers.set(key, number);
    const length = typeof key === "string" ? key.length : 0;
    this.#take(BYTES_PER_STATE + BYTES_PER_CHARACTER * length);
    return number;
  }

  #take(bytes: number): void {
    this.#memory.take(bytes);
    this.#bytes += bytes;
  }

  #keyOf(state: State): StateKey {
    return this.#model.stateKey === undefined ? stateKey(state) : this.#model.stateKey(state);
  }
}
