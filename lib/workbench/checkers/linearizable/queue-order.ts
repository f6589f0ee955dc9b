/**
 * Decides in O(n log n) whether the operations of a FIFO queue have an order, if its elements are distinct.
 *
 * Without indefinite operations they have one exactly if none of four patterns occurs:
 *
 * 1. An element is removed that was not added before.
 * 2. An element is removed twice.
 * 3. One element was added before another, but the other was removed before it, or it alone.
 * 4. An operation found the queue empty although it certainly had an element at each moment.
 *
 * An indefinite removal may have taken any element, from its call on. Taking more elements, and taking
 * those earlier whose addition returned earlier, makes none of the patterns appear: so the first of these
 * removals, in order of call, take the first of the elements that are left, in order of return.
 *
 * @see T. Henzinger, A. Sezgin and V. Vafeiadis, "Aspect-oriented linearizability proofs", 2013
 * @see A. Bouajjani, M. Emmi, C. Enea and J. Hamza, "On reducing linearizability to state
 *   reachability", 2015
 */
import { quote } from "../wording.ts";
import type { Decision, Violation } from "./decisions.ts";
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
  type Verbs,
} from "./elements.ts";
import type { Part } from "./parts.ts";
import type { Operations } from "./schedule.ts";

const VERBS: Verbs = { add: "enqueue", added: "enqueued", remove: "dequeue", removed: "dequeued" };

/** Decides on a queue that is empty at first. */
export function decideQueue(part: Part, operations: Operations): Decision {
  const found = elementsOf(part, operations, VERBS);
  if ("valid" in found) return found;
  const elements = [...found.elements].sort((one, other) => one.addReturn - other.addReturn);
  takeFirst(elements, found.removers, operations);
  return (
    overtaken(part, elements) ??
    emptyViolation(part, { ...found, elements }, occupied(elements), operations, VERBS) ?? {
      valid: true,
    }
  );
}

/** Lets indefinite removals take the elements that no other operation removed. */
function takeFirst(
  elements: readonly Element[],
  removers: Elements["removers"],
  { called, returned }: Operations,
): void {
  const left = elements.filter(({ removed }) => removed === NOT_REMOVED);
  for (const [index, operation] of removers.slice(0, left.length).entries()) {
    const element = left[index];
    if (element !== undefined) remove(element, operation, called, returned);
  }
}

/** Looks for an element that was added before another, and not removed before that. */
function overtaken(part: Part, elements: readonly Element[]): Violation | undefined {
  const byCall = [...elements].sort((one, other) => other.addCall - one.addCall);
  let next = 0;
  let first: Element | undefined;
  for (const element of elements.toReversed()) {
    for (; (byCall[next]?.addCall ?? 0) > element.addReturn; next++) {
      const later = byCall[next];
      if (later !== undefined && later.removeReturn < (first?.removeReturn ?? Infinity))
        first = later;
    }
    if (first === undefined || first.removeReturn >= element.removeCall) continue;
    const { value, added, removed } = element;
    const taken = quote(first.value);
    return {
      valid: false,
      sentence:
        `${quote(value)} was enqueued before ${taken}: ${nameOf(part, added)} ended before ` +
        `${nameOf(part, first.added)} began. But ${taken} was dequeued by ` +
        `${nameOf(part, first.removed)}, ` +
        (removed === NOT_REMOVED
          ? `and ${quote(value)} never`
          : `before ${nameOf(part, removed)}, which dequeued ${quote(value)}, began`),
      operations: [...operationsOf(element), ...operationsOf(first)],
    };
  }
  return undefined;
}
