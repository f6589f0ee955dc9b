/**
 * How the values of a broadcast travel from node to node, whatever the program's messages look like.
 *
 * A number in a message between nodes is a value on its way only if its place in the body holds
 * nothing but values that the sender had been given or sent before. Sequence numbers, times and
 * counts do not keep to that for long: the first such number that the sender could not have known
 * rules its place out. So the places (`news[*][2]`) are found by causality, not by name. The first
 * messages are kept until most places are settled, and then gone through again.
 */
import { isObject } from "../../../../protocol/message.ts";
import type { JournalEvent } from "../../../network/journal.ts";
import { visitNumbers } from "../json-paths.ts";
import type { RunColumns, Spread, SpreadValue, Ticks } from "../run-data.ts";
import { TypedColumn } from "./typed-columns.ts";

/** A value that a client broadcast. */
interface Tracked {
  readonly value: number;
  readonly operation: number;
  readonly broadcastAt: Ticks;
  /** When it reached each node, and by which message: its row, plus 1; 0 by a client's. */
  readonly arrivals: Map<string, { readonly at: Ticks; readonly message: number }>;
}

interface Event {
  readonly type: JournalEvent["type"];
  readonly src: string;
  readonly dest: string;
  readonly body: unknown;
  readonly time: Ticks;
  /** Row of the message, plus 1; 0 if it is left out of the page. */
  readonly message: number;
}

/** How many events are kept until places are settled. */
const TRIAL_LENGTH = 20_000;
/** A place with less than this part of the arrivals of the most telling one is in doubt. */
const RARE = 0.02;
/** How many of these are looked into. */
const MAX_IN_DOUBT = 8;
/** How many values are told. */
const MAX_VALUES = 3_000;
/** How many arrivals are told. */
const MAX_ARRIVALS = 150_000;

export class SpreadTracker {
  readonly #nodes: ReadonlySet<string>;
  readonly #values = new Map<number, Tracked>();
  /** Places that cannot hold values. */
  #ruledOut = new Set<string>();
  /** Places that hold values, with how many arrivals each has told of. */
  #fitting = new Map<string, number>();
  #trial: Event[] | undefined = [];

  constructor(nodes: readonly string[]) {
    this.#nodes = new Set(nodes);
  }

  /** A client broadcasts a value. */
  broadcast(value: unknown, operation: number, time: Ticks): void {
    if (typeof value !== "number" || this.#values.has(value)) return;
    this.#values.set(value, { value, operation, broadcastAt: time, arrivals: new Map() });
  }

  add({ type, message }: JournalEvent, time: Ticks, row: number | undefined): void {
    const { src, dest, body } = message;
    if (!this.#nodes.has(dest)) return;
    if (!this.#nodes.has(src) && body["type"] !== "broadcast") return;
    const event: Event = { type, src, dest, body, time, message: (row ?? -1) + 1 };
    this.#follow(event);
    this.#trial?.push(event);
    if (this.#trial?.length === TRIAL_LENGTH) this.#settle();
  }

  /** What was found, with the columns of arrivals. */
  result(laneOf: (node: string) => number | undefined): {
    readonly spread: Spread;
    readonly columns: Pick<RunColumns, "arrivalLane" | "arrivalAfter" | "arrivalMessage">;
  } {
    this.#settle();
    const lane = new TypedColumn(Uint16Array);
    const after = new TypedColumn(Int32Array);
    const message = new TypedColumn(Uint32Array);
    const values: SpreadValue[] = [];
    for (const { value, operation, broadcastAt, arrivals } of this.#values.values()) {
      if (values.length >= MAX_VALUES || lane.length + arrivals.size > MAX_ARRIVALS) break;
      const first = lane.length;
      for (const [node, arrival] of arrivals) {
        lane.push(laneOf(node) ?? 0);
        after.push(arrival.at - broadcastAt);
        message.push(arrival.message);
      }
      values.push({ value, operation, first, count: arrivals.size });
    }
    return {
      spread: {
        lanes: [...this.#nodes].flatMap((node) => laneOf(node) ?? []),
        paths: [...this.#fitting.keys()].sort(),
        values,
        valueCount: this.#values.size,
      },
      columns: {
        arrivalLane: lane.column(),
        arrivalAfter: after.column(),
        arrivalMessage: message.column(),
      },
    };
  }

  /** Settles which places hold values, by the events so far. */
  #settle(): void {
    const events = this.#trial;
    if (events === undefined) return;
    this.#trial = undefined;
    this.#replay(events);
    // A count that happens to fit, as its sender knows all values, brings nothing that others do not.
    const most = Math.max(0, ...this.#fitting.values());
    const rare = [...this.#fitting].filter(([, count]) => count < most * RARE);
    const inDoubt = rare.sort(
      ([one, ofOne], [other, ofOther]) => ofOne - ofOther || depthOf(one) - depthOf(other),
    );
    for (const [place] of inDoubt.slice(0, MAX_IN_DOUBT)) {
      const [before, arrivalCount] = [new Set(this.#ruledOut), this.#arrivalCount()];
      this.#ruledOut.add(place);
      this.#replay(events);
      if (this.#arrivalCount() === arrivalCount) continue;
      this.#ruledOut = before;
      this.#replay(events);
    }
  }

  #arrivalCount(): number {
    return this.#values.values().reduce((sum, { arrivals }) => sum + arrivals.size, 0);
  }

  /** Forgets what places that were ruled out later seemed to tell, and goes through events again. */
  #replay(events: readonly Event[]): void {
    for (let ruledOut = -1; ruledOut !== this.#ruledOut.size; ) {
      ruledOut = this.#ruledOut.size;
      this.#fitting = new Map();
      for (const { arrivals } of this.#values.values()) arrivals.clear();
      for (const event of events) this.#follow(event);
    }
  }

  #follow(event: Event): void {
    const { src, dest, body, time, message } = event;
    if (!this.#nodes.has(src)) {
      const value = isObject(body) ? body["message"] : undefined;
      if (event.type === "recv" && typeof value === "number") this.#arrive(value, dest, time, 0);
      return;
    }
    const placesOf = new Map<number, string[]>();
    visitNumbers(body, (place, value) => {
      if (this.#ruledOut.has(place)) return;
      const places = placesOf.get(value);
      if (places === undefined) placesOf.set(value, [place]);
      else places.push(place);
    });
    for (const [value, places] of placesOf) {
      if (event.type === "send") {
        if (this.#values.get(value)?.arrivals.has(src)) continue;
        for (const place of places) this.#ruleOut(place);
      } else if (this.#arrive(value, dest, time, message)) {
        // What several places tell none of them was needed for.
        const weight = places.length === 1 ? 1 : 0;
        for (const place of places) {
          this.#fitting.set(place, (this.#fitting.get(place) ?? 0) + weight);
        }
      }
    }
  }

  #ruleOut(place: string): void {
    this.#ruledOut.add(place);
    this.#fitting.delete(place);
  }

  /** Returns whether the value is new to the node. */
  #arrive(value: number, node: string, at: Ticks, message: number): boolean {
    const arrivals = this.#values.get(value)?.arrivals;
    if (arrivals === undefined || arrivals.has(node)) return false;
    arrivals.set(node, { at, message });
    return true;
  }
}

/** How many lists a place is within. */
function depthOf(place: string): number {
  return place.split("[").length;
}
