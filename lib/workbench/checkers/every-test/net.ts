/**
 * How many messages a test took.
 *
 * @see Maelstrom, `net/checker.clj`
 */
import { type History, isClientOperation } from "../../history/history.ts";
import type { Journal, MessageCounts } from "../../network/journal.ts";

/** Counts of one class; `msgsPerOp` is left out when there was no operation. */
export interface NetCounts extends MessageCounts {
  /** Messages per client invocation, in single precision. */
  readonly msgsPerOp?: number;
}

export interface NetVerdict {
  readonly valid: true;
  readonly all: NetCounts;
  readonly clients: MessageCounts;
  /** What Fly.io's challenges mean by messages per operation is `servers.msgsPerOp`. */
  readonly servers: NetCounts;
}

/** Counts what the journal saw, and holds it against every client invocation, reads among them. */
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
