/** The elements of a collection, such as a queue: when each was added, and when it was removed. */
import { jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import { partitionPoint } from "../partition-point.ts";
import { describeOperation, enumerate, quote } from "../wording.ts";
import { type Decision, UNKNOWN, type Violation } from "./decisions.ts";
import type { Part } from "./parts.ts";
import { NEVER, type Operations } from "./schedule.ts";

/** The functions of a collection, and how their effects are called. */
export interface Verbs {
  readonly add: string;
  readonly added: string;
  readonly remove: string;
  readonly removed: string;
}

/** An element that was certainly added. Times are positions in the history. */
export interface Element {
  readonly value: Json;
  /** The operation that added it. */
  readonly added: number;
  readonly addCall: number;
  /** {@link NEVER} if the operation is indefinite. */
  readonly addReturn: number;
  /** The operation that removed it, or -1. */
  removed: number;
  /** Infinite if it was not removed. */
  removeCall: number;
  removeReturn: number;
}

export interface Elements {
  /** In order of call. */
  readonly elements: readonly Element[];
  /** Operations that found the collection empty. */
  readonly empties: readonly number[];
  /** Indefinite operations that may have removed any element, in order of call. */
  readonly removers: readonly number[];
}

export const NOT_REMOVED = -1;

/**
 * Returns the elements of a part.
 *
 * An indefinite operation that added an element is left out if nothing removed that. If the operations have
 * an order with it, they also have one without it and whatever removed it.
 *
 * @returns a decision if the values are not distinct, or if a removal alone shows a violation.
 */
export function elementsOf(
  part: Part,
  { called, returned }: Operations,
  verbs: Verbs,
): Elements | Decision {
  const byKey = new Map<string, Element>();
  const removals: { readonly operation: number; readonly value: Json }[] = [];
  const empties: number[] = [];
  const removers: number[] = [];
  for (const [operation, kind] of part.kindOf.entries()) {
    const { f, value, result } = part.kinds[kind] ?? {};
    if (f === verbs.add && value !== undefined && value !== null) {
      const key = jsonKey(value);
      if (byKey.has(key)) return UNKNOWN;
      byKey.set(key, {
        value,
        added: operation,
        addCall: called[operation] ?? 0,
        addReturn: returned[operation] ?? NEVER,
        removed: NOT_REMOVED,
        removeCall: Number.POSITIVE_INFINITY,
        removeReturn: Number.POSITIVE_INFINITY,
      });
    } else if (result === null && f !== verbs.add) {
      empties.push(operation);
    } else if (f === verbs.remove) {
      if (result === undefined) removers.push(operation);
      else removals.push({ operation, value: result });
    } else {
      return UNKNOWN;
    }
  }
  for (const { operation, value } of removals) {
    const element = byKey.get(jsonKey(value));
    const violation = violationOf(part, operation, value, element, returned, verbs);
    if (violation !== undefined) return violation;
    if (element !== undefined) remove(element, operation, called, returned);
  }
  const isCertain = ({ addReturn, removed }: Element) =>
    addReturn !== NEVER || removed !== NOT_REMOVED;
  return { elements: [...byKey.values()].filter(isCertain), empties, removers };
}

/** Records that an operation removed an element. */
export function remove(
  element: Element,
  operation: number,
  called: Int32Array,
  returned: Int32Array,
): void {
  element.removed = operation;
  element.removeCall = called[operation] ?? 0;
  element.removeReturn = returned[operation] ?? NEVER;
}

/** Takes that back. */
export function restore(element: Element): void {
  element.removed = NOT_REMOVED;
  element.removeCall = Number.POSITIVE_INFINITY;
  element.removeReturn = Number.POSITIVE_INFINITY;
}

function violationOf(
  part: Part,
  operation: number,
  value: Json,
  element: Element | undefined,
  returned: Int32Array,
  { added, removed }: Verbs,
): Violation | undefined {
  const name = nameOf(part, operation);
  if (element === undefined) {
    return {
      valid: false,
      sentence: `${name} returned ${quote(value)}, which was never ${added}`,
      operations: [operation],
    };
  }
  if (element.removed !== NOT_REMOVED) {
    return {
      valid: false,
      sentence: `${quote(value)} was ${removed} twice: by ${nameOf(part, element.removed)}, and by ${name}`,
      operations: [element.added, element.removed, operation],
    };
  }
  if ((returned[operation] ?? NEVER) < element.addCall) {
    return {
      valid: false,
      sentence: `${name} returned ${quote(value)}, before ${nameOf(part, element.added)} began`,
      operations: [operation, element.added],
    };
  }
  return undefined;
}

/** A stretch of the history. */
export interface Stretch {
  start: number;
  end: number;
}

/**
 * Returns when the collection certainly had an element: from the return of the operation that added it
 * to the call of the one that removed it. Adjoining stretches are merged.
 *
 * @param elements In order of `addReturn`.
 */
export function occupied(elements: readonly Element[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (const { addReturn, removeCall } of elements) {
    if (addReturn >= removeCall) continue;
    const last = stretches.at(-1);
    if (last !== undefined && addReturn < last.end) last.end = Math.max(last.end, removeCall);
    else stretches.push({ start: addReturn, end: removeCall });
  }
  return stretches;
}

/** Looks for an operation that found the collection empty although it had elements all the time. */
export function emptyViolation(
  part: Part,
  { elements, empties }: Elements,
  stretches: readonly Stretch[],
  { called, returned }: Operations,
  { added, removed }: Verbs,
): Violation | undefined {
  for (const operation of empties) {
    const call = called[operation] ?? 0;
    const end = returned[operation] ?? NEVER;
    const stretch =
      stretches[partitionPoint(stretches.length, (at) => (stretches[at]?.start ?? 0) < call) - 1];
    if (stretch === undefined || stretch.end < end) continue;
    const held = elements.filter(
      ({ addReturn, removeCall }) => addReturn < end && removeCall > call && addReturn < removeCall,
    );
    return {
      valid: false,
      sentence:
        `${nameOf(part, operation)} found nothing, although something was there all the time: ` +
        enumerate(
          held,
          ({ value, added: by, removed: taker }) => {
            const until =
              taker === NOT_REMOVED ? `and not ${removed}` : `${removed} by ${nameOf(part, taker)}`;
            return `${quote(value)}, ${added} by ${nameOf(part, by)}, ${until}`;
          },
          "; ",
        ),
      operations: [...held.flatMap((each) => operationsOf(each)), operation],
    };
  }
  return undefined;
}

/** The operations that added and removed an element. */
export function operationsOf({ added, removed }: Element): readonly number[] {
  return removed === NOT_REMOVED ? [added] : [added, removed];
}

export function nameOf({ pairs }: Part, operation: number): string {
  const pair = pairs[operation];
  if (pair === undefined) throw new Error("No such operation");
  return describeOperation(pair.invocation);
}
