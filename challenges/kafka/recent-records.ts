/**
 * The newest records of a node's own log, kept for pushing until every peer has acknowledged them.
 *
 * A peer that lacks older ones reads them in lin-kv, so their number is bounded.
 */
import { takeChunk } from "../../lib/vortex/index.ts";
import { lengthOfRecord } from "./lengths.ts";
import { MAX_PUSHED, MAX_RECENT } from "./limits.ts";
import type { LogRecord } from "./merged-log.ts";

interface Measured {
  readonly record: LogRecord;
  readonly length: number;
}

export class RecentRecords {
  readonly #records: Measured[] = [];
  /** How many records the log has. */
  #end = 0;

  /** The number of the first record that is kept. */
  get start(): number {
    return this.#end - this.#records.length;
  }

  add(record: LogRecord): void {
    this.#end++;
    this.#records.push({ record, length: lengthOfRecord(record) });
    // Drops many at once, because a long log is read back after a start.
    if (this.#records.length >= 2 * MAX_RECENT) this.#records.splice(0, MAX_RECENT);
  }

  /** Drops records that all peers have acknowledged, or that are too many. */
  trim(acknowledged: number): void {
    const excess = Math.max(acknowledged - this.start, this.#records.length - MAX_RECENT);
    if (excess > 0) this.#records.splice(0, excess);
  }

  at(number: number): LogRecord | undefined {
    return this.#records[number - this.start]?.record;
  }

  /** The records from a number on that fit into one push; at least one, if there is one. */
  from(number: number, maxLength: number): LogRecord[] {
    const index = number - this.start;
    const fitting = takeChunk(
      this.#records.slice(index, index + MAX_PUSHED),
      MAX_PUSHED,
      ({ record }) => 1 + record.messages.length,
    );
    return takeChunk(fitting, maxLength, ({ length }) => length).map(({ record }) => record);
  }
}
