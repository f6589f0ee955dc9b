/** Cycle length that takes the place of `--flush-ms 0`, in ms: batches only repair then. */
const REPAIR_CYCLE_MS = 1000;
/** How much longer than a cycle news may wait before a batch leaves early, in cycles. */
const LATE_PART = 1 / 16;
/** Share of batches that may leave early. */
const EARLY_PART = 1 / 16;
/** Number of batches that may leave early in a row. */
const MAX_EARLY = 4;

/**
 * The cycle in which this node sends batches to the peers that it serves.
 *
 * One batch leaves per cycle, to each peer that lacks something. News that just missed a batch, or
 * was lost before, would wait for a second cycle, so it may call for an early batch. An early batch
 * costs as many messages as any other, so a token bucket limits them to one in 16.
 */
export class Cycle {
  /** Length of the cycle in ms. */
  readonly lengthMs: number;
  /** Whether values are sent to every node at once, outside the cycle. */
  readonly isDirect: boolean;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** Time by which the news received so far must leave, in ms. */
  #overdueMs = Number.POSITIVE_INFINITY;
  #earlyLeft = MAX_EARLY;

  /** @param flushMs Length of the cycle in ms; 0 sends values to every node at once. */
  constructor(flushMs: number) {
    this.isDirect = flushMs === 0;
    this.lengthMs = this.isDirect ? REPAIR_CYCLE_MS : flushMs;
  }

  /** Time at which the next batch may leave, in ms. */
  get dueMs(): number {
    return this.#earlyLeft < 1 ? this.#regularMs : Math.min(this.#regularMs, this.#overdueMs);
  }

  get #regularMs(): number {
    return this.#lastMs + this.lengthMs;
  }

  /** Time until the next regular batch, in ms; not positive when it may leave at once. */
  untilNextMs(nowMs: number): number {
    return this.#regularMs - nowMs;
  }

  /** Takes in news, and how long it has waited at its sender. */
  noteNews(waitedMs: number, nowMs: number): void {
    const leftMs = (1 + LATE_PART) * this.lengthMs - waitedMs;
    this.#overdueMs = Math.min(this.#overdueMs, nowMs + Math.max(0, leftMs));
  }

  /** Starts the next cycle: a batch leaves now. */
  begin(nowMs: number): void {
    this.#earlyLeft += nowMs < this.#regularMs ? -1 : EARLY_PART;
    this.#earlyLeft = Math.min(this.#earlyLeft, MAX_EARLY);
    this.#overdueMs = Number.POSITIVE_INFINITY;
    this.#lastMs = nowMs;
  }
}
