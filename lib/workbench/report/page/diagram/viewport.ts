/** The time that the diagrams show: one for all of them, so that they move together. */
export class Viewport {
  readonly begin: number;
  readonly end: number;
  from: number;
  to: number;
  readonly #listeners = new Set<() => void>();

  /** @param begin,end In ticks; beyond these nothing can be seen. */
  constructor(begin: number, end: number) {
    const margin = Math.max(1, (end - begin) * 0.01);
    this.begin = begin - margin;
    this.end = end + margin;
    this.from = this.begin;
    this.to = this.end;
  }

  /** Calls back whenever another time is shown; returns how to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Shows a time, as far as there is any. */
  show(from: number, to: number): void {
    const length = Math.min(Math.max(to - from, LEAST_TICKS), this.end - this.begin);
    const middle = (from + to) / 2;
    this.from = Math.min(Math.max(middle - length / 2, this.begin), this.end - length);
    this.to = this.from + length;
    for (const listener of this.#listeners) listener();
  }

  showAll(): void {
    this.show(this.begin, this.end);
  }

  /** @param at The time that stays where it is. */
  zoom(factor: number, at = (this.from + this.to) / 2): void {
    this.show(at - (at - this.from) / factor, at + (this.to - at) / factor);
  }

  /** @param part Of what is shown; negative is back in time. */
  pan(part: number): void {
    const distance = (this.to - this.from) * part;
    this.show(this.from + distance, this.to + distance);
  }

  /** Shows all of a time with some room around it, unless it can be seen well already. */
  reveal(from: number, to: number): void {
    const length = this.to - this.from;
    const isSeen = from >= this.from && to <= this.to && to - from > length / 20;
    const room = Math.max((to - from) * 0.4, LEAST_TICKS);
    if (!isSeen) this.show(from - room, to + room);
  }
}

/** At most this far one can zoom in. */
const LEAST_TICKS = 20;
