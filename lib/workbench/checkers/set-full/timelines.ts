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
  readonly known?: Operation;
  /** The invocation of the last invoked read that contains it. */
  readonly lastPresent?: Operation;
  /** The invocation of the last invoked read that lacks it. */
  readonly lastAbsent?: Operation;
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
    const { type, process, f } = operation;
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
      elements.acknowledge(operation);
    }
  }
  return { timelines: elements.all, oddities, oddityCounts };
}

/** How many integers an array of positions may leave out. */
const MAX_GAP = 1000;

/**
 * The elements whose addition was invoked so far.
 *
 * Columns hold the history indexes of the reads that concern an element, by its position: a read of
 * 1,000 elements changes 1,000 of each, and objects took three times as long. -1 means none.
 */
class Elements {
  readonly #additions: Operation[] = [];
  readonly #positionByKey = new Map<string, number>();
  /** Nearly all elements are plain numbers, and encoding their keys takes most of the time. */
  readonly #positionByNumber = new Map<number, number>();
  /** Those of integers that leave few gaps: four times as fast as the map. */
  readonly #positionByInteger: number[] = [];
  /** The operations that the columns refer to. */
  readonly #operations = new Map<number, Operation>();
  #known = new Int32Array(64);
  #lastPresent = new Int32Array(64);
  #lastAbsent = new Int32Array(64);
  /** The last completed read that contains an element; marks the elements of a read. */
  #containedIn = new Int32Array(64);

  get all(): Timeline[] {
    return this.#additions.map((addition, position) => {
      const known = this.#operationAt(this.#known[position]);
      const lastPresent = this.#operationAt(this.#lastPresent[position]);
      const lastAbsent = this.#operationAt(this.#lastAbsent[position]);
      return {
        element: addition.value,
        addition,
        ...(known === undefined ? {} : { known }),
        ...(lastPresent === undefined ? {} : { lastPresent }),
        ...(lastAbsent === undefined ? {} : { lastAbsent }),
      };
    });
  }

  /** Starts the timeline of an element; a second addition of it starts over. */
  add(addition: Operation): void {
    const { value } = addition;
    const position = this.#positionByKey.getOrInsert(jsonKey(value), this.#additions.length);
    this.#additions[position] = addition;
    if (position >= this.#known.length) this.#grow();
    for (const column of [this.#known, this.#lastPresent, this.#lastAbsent, this.#containedIn]) {
      column[position] = -1;
    }
    if (typeof value !== "number") return;
    this.#positionByNumber.set(value, position);
    const isDense = value < 2 * this.#additions.length + MAX_GAP;
    if (Number.isInteger(value) && value >= 0 && isDense) this.#positionByInteger[value] = position;
  }

  /** Records the acknowledgement of an addition. */
  acknowledge(completion: Operation): void {
    const position = this.#positionOf(completion.value);
    if (position === undefined || this.#known[position] !== -1) return;
    this.#known[position] = completion.index;
    this.#operations.set(completion.index, completion);
  }

  /** Records which elements a read contains and which it lacks; returns its first oddity. */
  read(invocation: Operation, completion: Operation): Oddity | undefined {
    const known = this.#known;
    const lastPresent = this.#lastPresent;
    const lastAbsent = this.#lastAbsent;
    const containedIn = this.#containedIn;
    const [begin, end] = [invocation.index, completion.index];
    this.#operations.set(begin, invocation);
    this.#operations.set(end, completion);
    let oddity: Oddity | undefined;
    let count = 0;
    for (const element of isArray(completion.value) ? completion.value : []) {
      const position = this.#positionOf(element);
      if (position === undefined) {
        oddity ??= { anomaly: "unexpected", element, invocation, completion };
      } else if (containedIn[position] === end) {
        oddity ??= { anomaly: "duplicated", element, invocation, completion };
      } else {
        count++;
        containedIn[position] = end;
        if (known[position] === -1) known[position] = end;
        if ((lastPresent[position] ?? 0) < begin) lastPresent[position] = begin;
      }
    }
    const { length } = this.#additions;
    if (count === length) return oddity;
    for (let position = 0; position < length; position++) {
      if (containedIn[position] === end) continue;
      if ((lastAbsent[position] ?? 0) < begin) lastAbsent[position] = begin;
    }
    return oddity;
  }

  #positionOf(element: Json): number | undefined {
    if (typeof element === "number") {
      const position = this.#positionByInteger[element];
      if (position !== undefined) return position;
    }
    return this.#positionOfAny(element);
  }

  #positionOfAny(element: Json): number | undefined {
    const position = typeof element === "number" ? this.#positionByNumber.get(element) : undefined;
    return position ?? this.#positionByKey.get(jsonKey(element));
  }

  #operationAt(index = -1): Operation | undefined {
    return this.#operations.get(index);
  }

  #grow(): void {
    this.#known = doubled(this.#known);
    this.#lastPresent = doubled(this.#lastPresent);
    this.#lastAbsent = doubled(this.#lastAbsent);
    this.#containedIn = doubled(this.#containedIn);
  }
}

function doubled(column: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * column.length);
  larger.set(column);
  return larger;
}
