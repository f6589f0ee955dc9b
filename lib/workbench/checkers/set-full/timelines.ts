/** Collects from a history, element by element, when it was added and which reads contain it. */

import { isArray, jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import {
  type History,
  isClientOperation,
  type Operation,
  type Process,
} from "../../history/history.ts";
import { describeOperation, EXAMPLES_PER_KIND } from "../wording.ts";

/** The life of one element in a history. */
export interface Timeline {
  readonly element: Json;
  /** The invocation of its addition. */
  readonly addition: Operation;
  /** The first completion that proves its existence. */
  known?: Operation;
  /** The invocation of the last invoked read that contains it. */
  lastPresent?: Operation;
  /** The invocation of the last invoked read that lacks it. */
  lastAbsent?: Operation;
  /** The index of the last completed read that contains it; marks the elements of a read. */
  containedIn?: number;
}

/** An element that a read should not contain, or contains twice. It does not affect the verdict. */
export interface Oddity {
  readonly anomaly: "unexpected" | "duplicated";
  readonly element: Json;
  readonly invocation: Operation;
  readonly completion: Operation;
}

export interface Timelines {
  readonly timelines: readonly Timeline[];
  /** The first oddity of each read, for the first few reads that have one of its kind. */
  readonly oddities: readonly Oddity[];
  /** Number of reads with an oddity, by the kind of the first. */
  readonly oddityCounts: ReadonlyMap<Oddity["anomaly"], number>;
}

/** Reads a history once. Its time is linear in reads times elements. */
export function readTimelines(history: History): Timelines {
  const elements = new Elements();
  const oddities: Oddity[] = [];
  const oddityCounts = new Map<Oddity["anomaly"], number>();
  const open = new Map<Process, Operation>();
  for (const operation of history) {
    if (!isClientOperation(operation)) continue;
    const { type, process, f, value } = operation;
    if (type === "invoke") {
      open.set(process, operation);
      if (f !== "read") elements.add(operation);
    } else if (type === "ok" && f === "read") {
      const invocation = open.get(process);
      if (invocation === undefined) {
        throw new Error(`Cannot find the invocation of ${describeOperation(operation)}`);
      }
      const oddity = elements.read(invocation, operation);
      if (oddity === undefined) continue;
      const count = oddityCounts.get(oddity.anomaly) ?? 0;
      oddityCounts.set(oddity.anomaly, count + 1);
      if (count < EXAMPLES_PER_KIND) oddities.push(oddity);
    } else if (type === "ok") {
      const timeline = elements.get(value);
      if (timeline !== undefined) timeline.known ??= operation;
    }
  }
  return { timelines: elements.all, oddities, oddityCounts };
}

const MAX_GAP = 1000;

/** The elements whose addition was invoked so far. */
class Elements {
  readonly all: Timeline[] = [];
  /** Index of each element in {@link all}. */
  readonly #indexByKey = new Map<string, number>();
  /** Nearly all elements are plain numbers, and encoding their keys takes most of the time. */
  readonly #byNumber = new Map<number, Timeline>();
  /** Those of integers that leave few gaps: four times as fast as the map. */
  readonly #byInteger: Timeline[] = [];

  get(element: Json): Timeline | undefined {
    const timeline =
      typeof element === "number"
        ? (this.#byInteger[element] ?? this.#byNumber.get(element))
        : undefined;
    return timeline ?? this.all[this.#indexByKey.get(jsonKey(element)) ?? -1];
  }

  /** Starts the timeline of an element; a second addition of it starts over. */
  add(addition: Operation): void {
    const timeline = { element: addition.value, addition };
    const key = jsonKey(addition.value);
    this.all[this.#indexByKey.getOrInsert(key, this.all.length)] = timeline;
    const { value } = addition;
    if (typeof value !== "number") return;
    this.#byNumber.set(value, timeline);
    const isDense = value < 2 * this.all.length + MAX_GAP;
    if (Number.isInteger(value) && value >= 0 && isDense) this.#byInteger[value] = timeline;
  }

  /** Records which elements a read contains and which it lacks; returns its first oddity. */
  read(invocation: Operation, completion: Operation): Oddity | undefined {
    let oddity: Oddity | undefined;
    let count = 0;
    for (const element of isArray(completion.value) ? completion.value : []) {
      const timeline = this.get(element);
      if (timeline === undefined) {
        oddity ??= { anomaly: "unexpected", element, invocation, completion };
      } else if (timeline.containedIn === completion.index) {
        oddity ??= { anomaly: "duplicated", element, invocation, completion };
      } else {
        count++;
        timeline.containedIn = completion.index;
        timeline.known ??= completion;
        timeline.lastPresent = lastInvoked(timeline.lastPresent, invocation);
      }
    }
    if (count === this.all.length) return oddity;
    for (const timeline of this.all) {
      if (timeline.containedIn === completion.index) continue;
      timeline.lastAbsent = lastInvoked(timeline.lastAbsent, invocation);
    }
    return oddity;
  }
}

function lastInvoked(one: Operation | undefined, other: Operation): Operation {
  return one === undefined || one.index < other.index ? other : one;
}
