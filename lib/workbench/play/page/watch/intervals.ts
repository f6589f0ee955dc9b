/** Rows that last for a time, found by the time: what is in flight, or in progress, at a moment. */
import { lowerBound } from "../../../report/page/run/run.ts";

/** Number of rows of a block, which is skipped as a whole. */
const BLOCK = 256;

export class Intervals {
  readonly #starts: Int32Array;
  readonly #endOf: (row: number) => number;
  /** The latest end of each block of rows. */
  readonly #blockEnds: Float64Array;

  /**
   * @param starts Ascending.
   * @param endOf The end of a row, not before its start.
   */
  constructor(starts: Int32Array, endOf: (row: number) => number) {
    this.#starts = starts;
    this.#endOf = endOf;
    this.#blockEnds = new Float64Array(Math.ceil(starts.length / BLOCK)).fill(
      Number.NEGATIVE_INFINITY,
    );
    for (let row = 0; row < starts.length; row++) {
      const block = Math.floor(row / BLOCK);
      this.#blockEnds[block] = Math.max(this.#blockEnds[block] ?? 0, endOf(row));
    }
  }

  /** Returns at most `limit` rows that overlap a time range, ends included: those that start last. */
  within(from: number, to: number, limit: number): number[] {
    const rows: number[] = [];
    let row = lowerBound(this.#starts, Math.floor(to) + 1) - 1;
    while (row >= 0 && rows.length < limit) {
      const block = Math.floor(row / BLOCK);
      if ((this.#blockEnds[block] ?? 0) < from) {
        row = block * BLOCK - 1;
        continue;
      }
      if (this.#endOf(row) >= from) rows.push(row);
      row--;
    }
    return rows.reverse();
  }
}
