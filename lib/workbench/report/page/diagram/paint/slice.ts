/**
 * Divides painting into slices, each short enough for one frame.
 *
 * Stroking dominates: about 3 µs per line without a graphics card.
 */

/** Lines or bars of typical length per slice, or rows visited. */
const WORK_PER_SLICE = 2_000;
const ROWS_PER_SLICE = 200_000;

/** Work of visiting a row without drawing it; a line of typical length is 1. */
const ROW_WORK = WORK_PER_SLICE / ROWS_PER_SLICE;

/** Counts the work of the current slice. */
export class Slice {
  #work = 0;

  add(work: number): void {
    this.#work += work;
  }

  /** Adds a row. Returns whether the slice is full; if so, starts the next one. */
  isFull(): boolean {
    this.#work += ROW_WORK;
    if (this.#work < WORK_PER_SLICE) return false;
    this.#work = 0;
    return true;
  }
}
