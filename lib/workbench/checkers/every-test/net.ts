/**
 * Counts the messages of a test, in total and per operation.
 *
 * @see Maelstrom, `net/checker.clj`
 */
import { type History, isClientOperation } from "../../history/history.ts";
import type { Journal, MessageCounts } from "../../network/journal.ts";

/** Counts of one class of messages. */
export interface NetCounts extends MessageCounts {
  /** Messages per client invocation, in single precision; absent without invocations. */
  readonly msgsPerOp?: number;
}

export interface NetVerdict {
  readonly valid: true;
  readonly all: NetCounts;
  readonly clients: MessageCounts;
  /** Fly.io's challenges limit `servers.msgsPerOp`. */
  readonly servers: NetCounts;
}

/** Counts the journal's messages and divides them by client invocations, reads included. */
export function checkNet({ clients, servers }: Journal, history: History): NetVerdict {
  const invocations = history.filter(
    (operation) => isClientOperation(operation) && operation.type === "invoke",
  );
  const perOperation = (counts: MessageCounts): NetCounts =>
    invocations.length === 0
      ? counts
      : { ...counts, msgsPerOp: Math.fround(counts.msgCount / invocations.length) };

  const all = {
    sendCount: clients.sendCount + servers.sendCount,
    recvCount: clients.recvCount + servers.recvCount,
    msgCount: clients.msgCount + servers.msgCount,
  };
  return { valid: true, all: perOperation(all), clients, servers: perOperation(servers) };
}
