/** Tracks the message at which each process left off in each log; its next one should follow it. */
import type { Operation, Process } from "../../history/history.ts";
import type { Assign } from "./analysis.ts";
import type { Message } from "./log.ts";

/** The last message that a process sent or polled, and the operation. */
export interface Position {
  readonly operation: Operation;
  readonly message: Message;
}

export class Positions {
  readonly #processes = new Map<Process, Map<string, Position>>();

  get(process: Process, key: string): Position | undefined {
    return this.#processes.get(process)?.get(key);
  }

  set(key: string, position: Position): void {
    const { process } = position.operation;
    this.#processes.getOrInsertComputed(process, () => new Map()).set(key, position);
  }

  forget(process: Process, key: string): void {
    this.#processes.get(process)?.delete(key);
  }

  /** Forgets the keys that an assign omits, unless the assign failed. */
  assign({ operation, keys }: Assign): void {
    const positions = this.#processes.get(operation.process);
    if (positions === undefined || operation.type === "fail") return;
    const kept = new Map<string, Position>();
    for (const key of keys) {
      const position = positions.get(key);
      if (position !== undefined) kept.set(key, position);
    }
    this.#processes.set(operation.process, kept);
  }
}
