/** The visible time range. All diagrams share one, so that they move together. */
export class Viewport {
  readonly begin: number;
  readonly end: number;
  from: number;
  to: number;
  /** The moment that is marked, in ticks. */
  marked: number | undefined;
  readonly #listeners = new Set<() => void>();

  /** @param begin,end Limits of the visible time, in ticks. */
  constructor(begin: number, end: number) {
    const margin = Math.max(1, (end - begin) * 0.01);
    this.begin = begin - margin;
    this.end = end + margin;
    this.from = this.begin;
    this.to = this.end;
  }

  /** Calls back when the visible time changes. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Shows a time range, shifted and shortened to fit the limits. */
  show(from: number, to: number): void {
    const length = Math.min(Math.max(to - from, MIN_TICKS), this.end - this.begin);
    const middle = (from + to) / 2;
    this.from = Math.min(Math.max(middle - length / 2, this.begin), this.end - length);
    this.to = this.from + length;
    this.#notify();
  }

  /** Marks a moment. If it has left the visible time, that follows. */
  mark(time: number): void {
    this.marked = time;
    const length = this.to - this.from;
    if (time < this.from || time > this.to) this.show(time - length * 0.2, time + length * 0.8);
    else this.#notify();
  }

  showAll(): void {
    this.show(this.begin, this.end);
  }

  /** @param at The time that keeps its position on the screen. */
  zoom(factor: number, at = (this.from + this.to) / 2): void {
    this.show(at - (at - this.from) / factor, at + (this.to - at) / factor);
  }

  /** @param fraction Distance as a fraction of the visible time; negative is back in time. */
  pan(fraction: number): void {
    const distance = (this.to - this.from) * fraction;
    this.show(this.from + distance, this.to + distance);
  }

  /** Shows a time range with a margin, unless it is already visible and not too small. */
  reveal(from: number, to: number): void {
    const length = this.to - this.from;
    const isVisible = from >= this.from && to <= this.to && to - from > length / 20;
    const room = Math.max((to - from) * 0.4, MIN_TICKS);
    if (!isVisible) this.show(from - room, to + room);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Limits zooming in. */
const MIN_TICKS = 20;
