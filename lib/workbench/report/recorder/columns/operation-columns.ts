/** Columns of client operations: one row per invocation, completed in place. */
import type { Operation } from "../../../history/history.ts";
import { OUTCOMES, type RunColumns, type Ticks } from "../run-data.ts";
import { toDeltas } from "./columnar-codec.ts";
import type { PendingOperation } from "./message-columns.ts";
import { TextColumn, TypedColumn } from "./typed-columns.ts";

export interface OperationLimits {
  readonly operations: number;
  readonly valueLength: number;
  readonly valuesLength: number;
}

type OperationColumnNames = Extract<keyof RunColumns, `operation${string}`>;

export class OperationColumns {
  readonly #concurrency: number;
  readonly #limits: OperationLimits;
  /** Operations in progress, by process. */
  readonly #pending = new Map<number, PendingOperation>();
  readonly #rowByIndex = new Map<number, number>();
  readonly #functions: string[] = [];
  readonly #invoked = new TypedColumn(Int32Array);
  readonly #duration = new TypedColumn(Int32Array);
  readonly #process = new TypedColumn(Int32Array);
  readonly #thread = new TypedColumn(Uint16Array);
  readonly #function = new TypedColumn(Uint16Array);
  readonly #node = new TypedColumn(Uint16Array);
  readonly #outcome = new TypedColumn(Uint8Array);
  readonly #index = new TypedColumn(Uint32Array);
  readonly #endIndex = new TypedColumn(Uint32Array);
  readonly #invocations: string[] = [];
  readonly #completions: string[] = [];
  #omittedCount = 0;

  constructor(concurrency: number, limits: OperationLimits) {
    this.#concurrency = concurrency;
    this.#limits = limits;
  }

  get functions(): readonly string[] {
    return this.#functions;
  }

  get omittedCount(): number {
    return this.#omittedCount;
  }

  /** Operations in progress. */
  get pending(): Iterable<PendingOperation> {
    return this.#pending.values();
  }

  /** Row of the operation with a history entry at this index. */
  rowOf(index: number): number | undefined {
    return this.#rowByIndex.get(index);
  }

  /**
   * Adds an invocation. Returns its row; `undefined` if it was omitted.
   *
   * @param value The operation's value, as text.
   */
  invoke(
    { index, node, f }: Operation,
    process: number,
    time: Ticks,
    lane: number | undefined,
    value: string,
  ): number | undefined {
    if (this.#invoked.length >= this.#limits.operations) {
      this.#omittedCount++;
      return undefined;
    }
    const row = this.#invoked.length;
    const thread = process % this.#concurrency;
    this.#rowByIndex.set(index, row);
    this.#invoked.push(time);
    this.#duration.push(-1);
    this.#process.push(process);
    this.#thread.push(thread);
    this.#function.push(this.#functionNumber(f));
    this.#node.push((lane ?? -1) + 1);
    this.#outcome.push(OUTCOMES.indexOf("open"));
    this.#index.push(index);
    this.#endIndex.push(0);
    this.#invocations.push(value);
    this.#completions.push("");
    this.#pending.set(process, { row, process, thread, node });
    return row;
  }

  /**
   * Completes a process's operation. Returns its row; `undefined` if its invocation was omitted.
   *
   * @param value The value or the error, as text.
   */
  complete(
    { index, type }: Operation,
    process: number,
    time: Ticks,
    value: string,
  ): number | undefined {
    const row = this.#pending.get(process)?.row;
    if (row === undefined) return undefined;
    this.#pending.delete(process);
    this.#rowByIndex.set(index, row);
    this.#duration.set(row, Math.max(0, time - this.#invoked.at(row)));
    this.#outcome.set(row, OUTCOMES.indexOf(type === "invoke" ? "open" : type));
    this.#endIndex.set(row, index);
    this.#completions[row] = value;
    return row;
  }

  columns(): Pick<RunColumns, OperationColumnNames> {
    const texts = new TextColumn(this.#limits.valueLength, this.#limits.valuesLength);
    for (const [row, invocation] of this.#invocations.entries()) {
      texts.push(invocation);
      texts.push(this.#completions[row] ?? "");
    }
    return {
      operationInvoked: toDeltas(this.#invoked.column(), this.#invoked.length),
      operationDuration: this.#duration.column(),
      operationProcess: this.#process.column(),
      operationThread: this.#thread.column(),
      operationFunction: this.#function.column(),
      operationNode: this.#node.column(),
      operationOutcome: this.#outcome.column(),
      operationIndex: this.#index.column(),
      operationEndIndex: this.#endIndex.column(),
      operationLength: texts.lengths(),
      operationText: texts.bytes(),
    };
  }

  #functionNumber(f: string): number {
    const known = this.#functions.indexOf(f);
    return known >= 0 ? known : this.#functions.push(f) - 1;
  }
}
