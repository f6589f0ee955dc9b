/**
 * Decides whether the operations of a stack have an order, if its elements are distinct.
 *
 * An element is certainly on the stack from the return of its push to the call of its pop. These
 * stretches split the history at every moment that none of them covers: the stack may be empty there, so
 * what lies before and after is decided alone. Where a part cannot be split, the stack always has an
 * element, so some element is the lowest all the time: it can be pushed before all others, and popped after
 * them. Any element that can be is chosen, as the others have an order without it if they have one with it.
 * Without such an element, the operations have no order.
 *
 * Trial shows which elements the indefinite pops have taken. A part without an order still has none
 * if one of its elements is not popped earlier, so only those are tried.
 *
 * @see M. Emmi and C. Enea, "Sound, complete, and tractable linearizability monitoring for concurrent
 *   collections", 2018
 * @see Z. H. Lee and U. Mathur, "Efficient decrease-and-conquer linearizability monitoring", 2025
 */
import { enumerate, quote } from "../wording.ts";
import { type Decision, UNKNOWN } from "./decisions.ts";
import {
  type Element,
  type Elements,
  elementsOf,
  emptyViolation,
  NOT_REMOVED,
  nameOf,
  occupied,
  operationsOf,
  remove,
  restore,
  type Verbs,
} from "./elements.ts";
import type { Part } from "./parts.ts";
import type { Operations } from "./schedule.ts";

const VERBS: Verbs = { add: "push", added: "pushed", remove: "pop", removed: "popped" };

/** Maximum number of elements looked at, each as often as it is: about a second. */
const MAX_VISITS = 100_000_000;

/** Maximum number of elements of which the fewest are chosen that show a violation. */
const MAX_REDUCED = 1000;

/** Decides on a stack that is empty at first. */
export function decideStack(part: Part, operations: Operations): Decision {
  const found = elementsOf(part, operations, VERBS);
  if ("valid" in found) return found;
  return new StackOrder(part, operations, found).decide();
}

class StackOrder {
  readonly #part: Part;
  readonly #operations: Operations;
  readonly #found: Elements;
  /** In order of `addReturn`. */
  readonly #elements: readonly Element[];
  readonly #removers: Set<number>;
  #visits = 0;

  constructor(part: Part, operations: Operations, found: Elements) {
    this.#part = part;
    this.#operations = operations;
    this.#found = found;
    this.#elements = [...found.elements].sort((one, other) => one.addReturn - other.addReturn);
    this.#removers = new Set(found.removers);
  }

  decide(): Decision {
    const violation = this.#violation();
    const isPossible = violation === undefined || this.#canPop(violation.elements);
    if (this.#visits > MAX_VISITS) return UNKNOWN;
    return isPossible ? { valid: true } : violation.describe();
  }

  /**
   * Whether there is an order if indefinite pops took some of the elements that were not popped.
   *
   * @param elements Some that have no order otherwise.
   */
  #canPop(elements: readonly Element[]): boolean {
    const { called, returned } = this.#operations;
    const left = elements.filter(({ removed }) => removed === NOT_REMOVED);
    // Pops that suffice for these elements come first, the latest of them before others: earlier ones may
    // be needed for other elements.
    const choices = left.flatMap((element) =>
      [...this.#removers].map((operation) => {
        remove(element, operation, called, returned);
        const suffices = this.#withoutLowest(elements) === undefined;
        restore(element);
        return { element, operation, suffices };
      }),
    );
    choices.sort(
      (one, other) =>
        Number(other.suffices) - Number(one.suffices) || other.operation - one.operation,
    );
    return choices.some(({ element, operation }) => {
      if (this.#visits > MAX_VISITS) return false;
      this.#removers.delete(operation);
      remove(element, operation, called, returned);
      const violation = this.#violation();
      const isPossible = violation === undefined || this.#canPop(violation.elements);
      restore(element);
      this.#removers.add(operation);
      return isPossible;
    });
  }

  /** Elements that have no order, with those that indefinite pops have taken so far. */
  #violation(): { readonly elements: readonly Element[]; describe(): Decision } | undefined {
    const found = this.#withoutLowest(this.#elements);
    if (found !== undefined) {
      const elements = found.length > MAX_REDUCED ? found : this.#fewest(found);
      return { elements, describe: () => this.#describe(elements) };
    }
    const elements = this.#elements;
    const empty = emptyViolation(
      this.#part,
      { ...this.#found, elements },
      occupied(elements),
      this.#operations,
      VERBS,
    );
    return empty === undefined ? undefined : { elements, describe: () => empty };
  }

  /** The elements of a part without a lowest one, or `undefined` if there is no such part. */
  #withoutLowest(elements: readonly Element[]): readonly Element[] | undefined {
    const parts = [elements];
    for (;;) {
      const part = parts.pop();
      if (part === undefined || this.#visits > MAX_VISITS) return undefined;
      this.#visits += part.length;
      for (const connected of split(part)) {
        if (connected.length === 1) continue;
        const others = withoutLowest(connected);
        if (others.length === connected.length) return connected;
        if (others.length > 1) parts.push(others);
      }
    }
  }

  /** Leaves out elements without which there is still no lowest one. */
  #fewest(elements: readonly Element[]): readonly Element[] {
    let fewest = elements;
    for (const each of elements) {
      if (!fewest.includes(each)) continue;
      fewest = this.#withoutLowest(fewest.filter((other) => other !== each)) ?? fewest;
    }
    return fewest;
  }

  #describe(stuck: readonly Element[]): Decision {
    return {
      valid: false,
      sentence:
        "the stack always had an element for some time, but none can have been the lowest: " +
        enumerate(
          stuck,
          ({ value, added, removed }) =>
            `${quote(value)}, pushed by ${nameOf(this.#part, added)}, ` +
            (removed === NOT_REMOVED
              ? "and never popped"
              : `popped by ${nameOf(this.#part, removed)}`),
          "; ",
        ),
      operations: stuck.flatMap((each) => operationsOf(each)),
    };
  }
}

/** Splits elements where none of them was certainly on the stack. Those that never were are left out. */
function split(elements: readonly Element[]): (readonly Element[])[] {
  const parts: Element[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const element of elements) {
    const { addReturn, removeCall } = element;
    if (addReturn >= removeCall) continue;
    if (addReturn < end) parts.at(-1)?.push(element);
    else parts.push([element]);
    end = Math.max(end, removeCall);
  }
  return parts;
}

/** Leaves out all elements that can be pushed before the others, and popped after them. */
function withoutLowest(elements: readonly Element[]): readonly Element[] {
  const firstReturn = elements[0]?.addReturn ?? 0;
  const lastCall = elements.reduce((last, { removeCall }) => Math.max(last, removeCall), 0);
  // Elements that were never popped can be, after everything else, in any order.
  return elements.filter(
    ({ addCall, removeReturn }) => addCall > firstReturn || removeReturn < lastCall,
  );
}
