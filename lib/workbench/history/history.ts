/**
 * The history of a test: the operations of clients and faults, in order.
 *
 * Field names and meanings are Jepsen's.
 *
 * @see Jepsen, "History": https://github.com/jepsen-io/history
 */
import type { Json, NodeId } from "../../vortex/index.ts";

/**
 * `invoke` starts an operation. It completes as `ok` (it happened), `fail` (it certainly did not) or
 * `info` (unknown; it may still happen).
 */
export type OperationType = "invoke" | "ok" | "fail" | "info";

/** A logical client thread, with at most one operation in progress. */
export type Process = number | "nemesis";

/** An exception that a client threw during an operation. */
export interface OperationException {
  readonly class: string;
  readonly message: string;
}

/** One entry of a history: the invocation or the completion of an operation. */
export interface Operation {
  /** Position in the history, from 0. */
  readonly index: number;
  /** Nanoseconds since the test's clock zero. */
  readonly time: number;
  readonly type: OperationType;
  /** After an `info` completion, the thread continues under another number. */
  readonly process: Process;
  /** Node that the operation was sent to. Absent in Maelstrom's histories. */
  readonly node?: NodeId;
  /** Function of the operation: `"read"`, `"add"`, `"txn"`, ... */
  readonly f: string;
  /** Argument of an invocation, result of a completion. The workload defines the shape. */
  readonly value: Json;
  /** Reason of a `fail` or `info`: `["key-does-not-exist", "no such key"]`, `"net-timeout"`. */
  readonly error?: Json;
  /** Exception behind an `info` completion that is not a protocol error. */
  readonly exception?: OperationException;
  /** Whether it is a final read, after the faults have healed. */
  readonly final?: boolean;
  /** kafka: whether an assign starts its keys at offset 0. */
  readonly seekToBeginning?: boolean;
}

/** The operations of a test, each with an entry for its invocation and one for its completion. */
export type History = readonly Operation[];

/** An invocation and, if the operation completed, its completion. */
export interface Pair {
  readonly invocation: Operation;
  readonly completion: Operation | undefined;
}

/** Whether a client performed the operation, not the nemesis. */
export function isClientOperation(operation: Operation): boolean {
  return operation.process !== "nemesis";
}

/** The operations of the nemesis. They are few: filter them first. */
export function nemesisOperations(history: History): readonly Operation[] {
  return history.filter((operation) => !isClientOperation(operation));
}

/** The pairs of histories, with the lengths that these had: half a dozen checkers ask for them. */
const known = new WeakMap<History, { readonly length: number; readonly pairs: readonly Pair[] }>();

/** Returns the client operations of a history, in the order of invocation. */
export function pairs(history: History): readonly Pair[] {
  const former = known.get(history);
  if (former?.length === history.length) return former.pairs;
  const result = pairUp(history);
  known.set(history, { length: history.length, pairs: result });
  return result;
}

function pairUp(history: History): readonly Pair[] {
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
        throw new Error(
          `Operation ${operation.index} completes an operation that its process did not invoke`,
        );
      }
      pair.completion = operation;
      open.delete(operation.process);
    }
  }
  return result;
}
