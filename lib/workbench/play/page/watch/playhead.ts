/** The moment that is shown, and how it moves. Does not depend on the DOM. */
import type { EventIndex } from "./event-index.ts";

/** Seconds of the run that pass in a second. */
export const SPEEDS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000] as const;

export interface Scope {
  readonly events: EventIndex;
  /** Times of the first and the last event, in ticks. */
  readonly begin: number;
  readonly end: number;
  /** Milliseconds per tick. */
  readonly tickMs: number;
}

export class Playhead {
  #scope: Scope;
  #time: number;
  #position: number;
  #speed = 1;
  #isPlaying = false;
  readonly #listeners = new Set<() => void>();

  constructor(scope: Scope) {
    this.#scope = scope;
    this.#time = Math.max(0, scope.begin);
    this.#position = scope.events.lastAt(this.#time);
  }

  get scope(): Scope {
    return this.#scope;
  }

  /** Ticks. */
  get time(): number {
    return this.#time;
  }

  /** The position of the last event that has happened; -1 before the first one. */
  get position(): number {
    return this.#position;
  }

  get speed(): number {
    return this.#speed;
  }

  get isPlaying(): boolean {
    return this.#isPlaying;
  }

  get isAtEnd(): boolean {
    return this.#time >= this.#scope.end;
  }

  /** Calls back when anything of it changes. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Goes on with another run, at the same time. */
  follow(scope: Scope): void {
    this.#scope = scope;
    this.seek(this.#time);
  }

  /** Shows a time, in ticks, within the limits of the run. */
  seek(time: number): void {
    const { begin, end, events } = this.#scope;
    this.#time = Math.min(Math.max(time, begin), end);
    this.#position = events.lastAt(this.#time);
    if (this.isAtEnd) this.#isPlaying = false;
    this.#notify();
  }

  /** Goes to the next event, or with -1 to the one before, and stops there. */
  step(direction: 1 | -1): void {
    const { events, begin } = this.#scope;
    this.#isPlaying = false;
    this.#position = Math.min(Math.max(this.#position + direction, -1), events.length - 1);
    this.#time = events.times[this.#position] ?? begin;
    this.#notify();
  }

  /** Starts to play, from the beginning if it has come to the end. */
  play(): void {
    if (this.isAtEnd) this.seek(Math.max(0, this.#scope.begin));
    this.#isPlaying = true;
    this.#notify();
  }

  pause(): void {
    this.#isPlaying = false;
    this.#notify();
  }

  setSpeed(speed: number): void {
    this.#speed = speed;
    this.#notify();
  }

  /** Moves on by a time that has passed before the screen. */
  advance(elapsedMs: number): void {
    if (this.#isPlaying) this.seek(this.#time + (elapsedMs * this.#speed) / this.#scope.tickMs);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
