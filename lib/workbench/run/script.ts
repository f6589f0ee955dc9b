import type { NodeId } from "../../vortex/index.ts";
import type { Context, Generator, Step, Thread } from "../clients/generator.ts";
import type { DecidedOperation, FaultOperation } from "../decisions.ts";
import type { Operation } from "../history/history.ts";

export interface ScriptOptions {
  readonly lengthNs: number;
  readonly operations: readonly DecidedOperation[];
  /** Whether its times count from its beginning. Otherwise, they count from clock zero. */
  readonly isFinal: boolean;
  /** Called with each operation of the history. */
  readonly onOperation?: (operation: Operation) => void;
}

/**
 * Emits decided operations at their times. What is due while its thread is busy follows when it is
 * free; what is due later than the length of the script is left out.
 */
export class Script implements Generator {
  readonly #options: ScriptOptions;
  readonly #operations: readonly DecidedOperation[];
  /** Operations that are due, whose threads were busy. */
  readonly #due: DecidedOperation[] = [];
  /** The nodes of operations that were emitted last, by thread. */
  readonly #nodes = new Map<Thread, NodeId>();
  #fault: FaultOperation | undefined;
  #cursor = 0;
  #beginNs: number | undefined;
  #isDone = false;

  constructor(options: ScriptOptions) {
    this.#options = options;
    this.#operations = [...options.operations].sort((one, other) => one.atNs - other.atNs);
  }

  /** Whether it decides on the next operation. */
  get isRunning(): boolean {
    return this.#beginNs !== undefined && !this.#isDone;
  }

  /** The number of operations that were never emitted. */
  get unmatchedCount(): number {
    return this.#due.length + this.#operations.length - this.#cursor;
  }

  next(context: Context): Step {
    if (this.#isDone) return { type: "done" };
    this.#beginNs ??= this.#options.isFinal ? context.nowNs : 0;
    const nowNs = context.nowNs - this.#beginNs;
    const { lengthNs } = this.#options;
    for (let next = this.#operations[this.#cursor]; next !== undefined && next.atNs <= nowNs; ) {
      this.#due.push(next);
      next = this.#operations[++this.#cursor];
    }
    if (nowNs <= lengthNs) {
      const index = this.#due.findIndex(({ thread }) => context.isFree(thread));
      const [due] = index < 0 ? [] : this.#due.splice(index, 1);
      if (due !== undefined) return this.#emit(due);
    }
    if (nowNs >= lengthNs) {
      this.#isDone = true;
      return { type: "done" };
    }
    const nextNs = this.#operations[this.#cursor]?.atNs ?? lengthNs;
    return { type: "wait", untilNs: this.#beginNs + Math.min(nextNs, lengthNs) };
  }

  update(operation: Operation): void {
    this.#options.onOperation?.(operation);
  }

  /** Takes the node of the operation that a thread was given last. */
  takeNode(thread: Thread): NodeId | undefined {
    const node = this.#nodes.get(thread);
    this.#nodes.delete(thread);
    return node;
  }

  /** Takes the fault that was emitted last. */
  takeFault(): FaultOperation | undefined {
    const fault = this.#fault;
    this.#fault = undefined;
    return fault;
  }

  #emit(operation: DecidedOperation): Step {
    const { thread, f, value } = operation;
    if (operation.thread === "nemesis") {
      this.#fault = operation;
      return { type: "operation", thread, invocation: { f, value } };
    }
    const { atNs: _, thread: __, node, ...invocation } = operation;
    this.#nodes.set(thread, node);
    return { type: "operation", thread, invocation };
  }
}
