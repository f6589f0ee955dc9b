/**
 * The history of a test: what clients asked for and what they learned, in order.
 *
 * Field names and meanings are Jepsen's, so that a history reads the same in either tool.
 *
 * @see Jepsen, "History": https://github.com/jepsen-io/history
 */
import type { Json, NodeId } from "../../vortex/index.ts";

/**
 * `invoke`: a client begins an operation. Its end is `ok` (it happened), `fail` (it certainly did
 * not) or `info` (nobody knows; it may still happen).
 */
export type OperationType = "invoke" | "ok" | "fail" | "info";

/** A logical thread of one client: it has at most one operation under way. */
export type Process = number | "nemesis";

/** What was thrown while an operation was carried out. */
export interface OperationException {
  readonly class: string;
  readonly message: string;
}

/** One entry of a history: the beginning or the end of an operation. */
export interface Operation {
  /** Position in the history, from 0. */
  readonly index: number;
  /** Nanoseconds since the test's clock zero. */
  readonly time: number;
  readonly type: OperationType;
  /** A process whose operation ended as `info` never acts again; the thread goes on as another. */
  readonly process: Process;
  /** The node that a client's operation goes to; Maelstrom's histories do not say it. */
  readonly node?: NodeId;
  /** What is done: `"read"`, `"add"`, `"txn"`, ... */
  readonly f: string;
  /** What it is done with or, on completion, what came of it; the shape is the workload's. */
  readonly value: Json;
  /** Why it did not end as `ok`: `["key-does-not-exist", "no such key"]`, `"net-timeout"`. */
  readonly error?: Json;
  /** The exception behind an `info` completion that no protocol error explains. */
  readonly exception?: OperationException;
  /** Whether this belongs to the final reads, after the faults have healed. */
  readonly final?: boolean;
  /** kafka: whether an assign starts its keys at offset 0. */
  readonly seekToBeginning?: boolean;
}

export type History = readonly Operation[];

/** An operation: its beginning, and its end if it has one. */
export interface Pair {
  readonly invocation: Operation;
  readonly completion: Operation | undefined;
}

/** Whether a client did this, rather than the nemesis. */
export function isClientOperation(operation: Operation): boolean {
  return operation.process !== "nemesis";
}

/** Every client operation of a history, in the order of their invocations. */
export function pairs(history: History): Pair[] {
  const result: { invocation: Operation; completion: Operation | undefined }[] = [];
  const open = new Map<Process, { completion: Operation | undefined }>();
  for (const operation of history) {
    if (!isClientOperation(operation)) continue;
    if (operation.type === "invoke") {
      const pair = { invocation: operation, completion: undefined };
      open.set(operation.process, pair);
      result.push(pair);
    } else {
      const pair = open.get(operation.process);
      if (pair === undefined) {
        throw new Error(`Operation ${operation.index} completes what process was never invoked`);
      }
      pair.completion = operation;
      open.delete(operation.process);
    }
  }
  return result;
}
