/** Columns of what the nodes logged: one row per line, in the order of time. */
import type { LogLine } from "../../../run/log-line.ts";
import type { RunColumns, Ticks } from "../run-data.ts";
import { toDeltas } from "./columnar-codec.ts";
import { TextColumn, TypedColumn } from "./typed-columns.ts";

export interface OutputLimits {
  /** Of lines. */
  readonly lines: number;
  readonly lineLength: number;
  readonly linesLength: number;
}

type OutputColumnNames = Extract<keyof RunColumns, `output${string}`>;

export class OutputColumns {
  readonly #limits: OutputLimits;
  readonly #time = new TypedColumn(Int32Array);
  readonly #lane = new TypedColumn(Uint16Array);
  readonly #texts: TextColumn;
  #omittedCount = 0;

  constructor(limits: OutputLimits) {
    this.#limits = limits;
    this.#texts = new TextColumn(limits.lineLength, limits.linesLength);
  }

  /** Number of later lines that were omitted. */
  get omittedCount(): number {
    return this.#omittedCount + this.#texts.omittedCount;
  }

  add({ line }: LogLine, time: Ticks, lane: number): void {
    if (this.#time.length >= this.#limits.lines) {
      this.#omittedCount++;
      return;
    }
    this.#time.push(time);
    this.#lane.push(lane);
    this.#texts.push(line);
  }

  columns(): Pick<RunColumns, OutputColumnNames> {
    return {
      outputTime: toDeltas(this.#time.column(), this.#time.length),
      outputLane: this.#lane.column(),
      outputLength: this.#texts.lengths(),
      outputText: this.#texts.bytes(),
    };
  }
}
