/**
 * Columns of how broadcast values travel from node to node, whatever the messages look like.
 *
 * A number in a message between nodes counts as a value in transit only if its JSON path never held
 * anything but values that the sender had received or sent before. Sequence numbers, times and
 * counts soon violate this: the first number that the sender could not have known rejects its path.
 * So paths such as `.news[*][2]` are found by causality, not by name. The first messages are kept
 * until the paths are settled, and then replayed.
 */
import { isObject } from "../../../../protocol/message.ts";
import type { JournalEvent } from "../../../network/journal.ts";
import { visitNumbers } from "../json-paths.ts";
import type { PropagatedValue, Propagation, RunColumns, Ticks } from "../run-data.ts";
import { TypedColumn } from "./typed-columns.ts";

/** A value that a client broadcast. */
interface TrackedValue {
  readonly value: number;
  /** Row of its operation. */
  readonly operation: number;
  readonly broadcastAt: Ticks;
  /** Its first arrival at each node: the time, and the message's row plus 1 (0: a client's). */
  readonly arrivals: Map<string, { readonly at: Ticks; readonly message: number }>;
}

interface Event {
  readonly type: "send" | "recv";
  readonly src: string;
  readonly dest: string;
  readonly body: unknown;
  readonly time: Ticks;
  /** Row of the message, plus 1; 0 if the message was omitted. */
  readonly message: number;
}

/** Number of events kept until the paths are settled. */
const TRIAL_EVENTS = 20_000;
/** A path with less than this fraction of the most productive path's arrivals is suspect. */
const SUSPECT_FRACTION = 0.02;
/** Number of suspect paths that are examined. */
const MAX_SUSPECTS = 8;
/** Bounds on what is reported. */
const MAX_VALUES = 3_000;
const MAX_ARRIVALS = 150_000;

export class ArrivalColumns {
  readonly #nodes: ReadonlySet<string>;
  readonly #values = new Map<number, TrackedValue>();
  /** Paths that cannot hold values. */
  #rejected = new Set<string>();
  /** Paths that hold values, with the number of arrivals that only this path explains. */
  #accepted = new Map<string, number>();
  #trial: Event[] | undefined = [];

  constructor(nodes: readonly string[]) {
    this.#nodes = new Set(nodes);
  }

  /** Adds a client's broadcast. */
  broadcast(value: unknown, operation: number, time: Ticks): void {
    if (typeof value !== "number" || this.#values.has(value)) return;
    this.#values.set(value, { value, operation, broadcastAt: time, arrivals: new Map() });
  }

  /** @param row Row of the message; `undefined` if the message was omitted. */
  add({ type, message }: JournalEvent, time: Ticks, row: number | undefined): void {
    if (type === "drop") return;
    const { src, dest, body } = message;
    if (!this.#nodes.has(dest)) return;
    if (!this.#nodes.has(src) && body["type"] !== "broadcast") return;
    const event: Event = { type, src, dest, body, time, message: (row ?? -1) + 1 };
    this.#observe(event);
    this.#trial?.push(event);
    if (this.#trial?.length === TRIAL_EVENTS) this.#settle();
  }

  result(laneOf: (node: string) => number | undefined): {
    readonly propagation: Propagation;
    readonly columns: Pick<RunColumns, "arrivalLane" | "arrivalAfter" | "arrivalMessage">;
  } {
    this.#settle();
    const lane = new TypedColumn(Uint16Array);
    const after = new TypedColumn(Int32Array);
    const message = new TypedColumn(Uint32Array);
    const values: PropagatedValue[] = [];
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
      propagation: {
        lanes: [...this.#nodes].flatMap((node) => laneOf(node) ?? []),
        paths: [...this.#accepted.keys()].sort(),
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

  /** Ends the trial: decides which paths hold values. */
  #settle(): void {
    const events = this.#trial;
    if (events === undefined) return;
    this.#trial = undefined;
    this.#replay(events);
    // A count can fit by coincidence if its sender has every value. Such a path explains no arrival
    // that other paths do not explain, so it is rejected if arrivals stay complete without it.
    const most = Math.max(0, ...this.#accepted.values());
    const suspects = [...this.#accepted]
      .filter(([, count]) => count < most * SUSPECT_FRACTION)
      .sort(([one, ofOne], [other, ofOther]) => ofOne - ofOther || depthOf(one) - depthOf(other));
    for (const [path] of suspects.slice(0, MAX_SUSPECTS)) {
      const [before, arrivalCount] = [new Set(this.#rejected), this.#arrivalCount()];
      this.#rejected.add(path);
      this.#replay(events);
      if (this.#arrivalCount() === arrivalCount) continue;
      this.#rejected = before;
      this.#replay(events);
    }
  }

  #arrivalCount(): number {
    return this.#values.values().reduce((sum, { arrivals }) => sum + arrivals.size, 0);
  }

  /** Replays events until no further path is rejected, to undo arrivals by paths rejected later. */
  #replay(events: readonly Event[]): void {
    for (let rejectedCount = -1; rejectedCount !== this.#rejected.size; ) {
      rejectedCount = this.#rejected.size;
      this.#accepted = new Map();
      for (const { arrivals } of this.#values.values()) arrivals.clear();
      for (const event of events) this.#observe(event);
    }
  }

  #observe(event: Event): void {
    const { src, dest, body, time, message } = event;
    if (!this.#nodes.has(src)) {
      const value = isObject(body) ? body["message"] : undefined;
      if (event.type === "recv" && typeof value === "number") this.#arrive(value, dest, time, 0);
      return;
    }
    const pathsOf = new Map<number, string[]>();
    visitNumbers(body, (path, value) => {
      if (this.#rejected.has(path)) return;
      const paths = pathsOf.get(value);
      if (paths === undefined) pathsOf.set(value, [path]);
      else paths.push(path);
    });
    for (const [value, paths] of pathsOf) {
      if (event.type === "send") {
        if (this.#values.get(value)?.arrivals.has(src)) continue;
        for (const path of paths) this.#reject(path);
      } else if (this.#arrive(value, dest, time, message)) {
        // With several paths, none of them was needed to explain the arrival.
        const weight = paths.length === 1 ? 1 : 0;
        for (const path of paths) {
          this.#accepted.set(path, (this.#accepted.get(path) ?? 0) + weight);
        }
      }
    }
  }

  #reject(path: string): void {
    this.#rejected.add(path);
    this.#accepted.delete(path);
  }

  /** Records an arrival. Returns whether the value is new to the node. */
  #arrive(value: number, node: string, at: Ticks, message: number): boolean {
    const arrivals = this.#values.get(value)?.arrivals;
    if (arrivals === undefined || arrivals.has(node)) return false;
    arrivals.set(node, { at, message });
    return true;
  }
}

/** Number of arrays around a path. */
function depthOf(path: string): number {
  return path.split("[").length;
}
