/**
 * A virtual clock that jumps from event to event.
 *
 * Events run in the order of their times; events of the same time run in the order they were
 * scheduled. Whatever runs them lets all promise continuations of an event run before the next one. So
 * code under this clock is deterministic, as long as its randomness and input are.
 */
import type { Cancel, Clock } from "../../vortex/index.ts";

interface Event {
  readonly atNs: number;
  readonly sequence: number;
  readonly callback: () => void;
  /** Index in the queue; negative once it has left. */
  index: number;
}

export class VirtualClock implements Clock {
  readonly #events = new EventQueue();
  // Whole nanoseconds, so that no delay is lost in rounding.
  #nowNs = 0;
  #sequence = 0;

  nowMs(): number {
    return this.#nowNs / 1e6;
  }

  after(delayMs: number, callback: () => void): Cancel {
    const atNs = this.#nowNs + Math.max(0, Math.ceil(delayMs * 1e6));
    const event: Event = { atNs, sequence: this.#sequence++, callback, index: -1 };
    this.#events.push(event);
    return () => this.#events.remove(event);
  }

  /** Runs the next event, without its promise continuations. Returns false if no event is left. */
  runNext(): boolean {
    const event = this.#events.pop();
    if (event === undefined) return false;
    this.#nowNs = event.atNs;
    event.callback();
    return true;
  }
}

/**
 * A binary heap from which events can be removed.
 *
 * Every request sets a timer for its timeout, and nearly all are cancelled. Left in the heap, they
 * would outnumber the other events by far: 5,000 to 50 at 1,000 requests per second.
 */
class EventQueue {
  readonly #heap: Event[] = [];

  push(event: Event): void {
    this.#rise(event, this.#heap.length);
  }

  pop(): Event | undefined {
    const [first] = this.#heap;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Removes an event; does nothing if it has left the queue. */
  remove(event: Event): void {
    const { index } = event;
    if (index < 0) return;
    event.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === event) return;
    const parent = this.#heap[(index - 1) >> 1];
    if (parent !== undefined && isBefore(last, parent)) this.#rise(last, index);
    else this.#sink(last, index);
  }

  /** Puts an event at an index, or at that of an ancestor that is later. */
  #rise(event: Event, from: number): void {
    const heap = this.#heap;
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, event)) break;
      heap[index] = parent;
      parent.index = index;
      index = above;
    }
    heap[index] = event;
    event.index = index;
  }

  /** Puts an event at an index, or at that of a descendant that is earlier. */
  #sink(event: Event, from: number): void {
    const heap = this.#heap;
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      let child = heap[below];
      if (child === undefined) break;
      const right = heap[below + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        below++;
      }
      if (isBefore(event, child)) break;
      heap[index] = child;
      child.index = index;
      index = below;
    }
    heap[index] = event;
    event.index = index;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atNs === other.atNs ? one.sequence < other.sequence : one.atNs < other.atNs;
}
