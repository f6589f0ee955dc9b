/** The options, bounds and times of the registers. Lengths are in characters of JSON, approximately. */
import * as v from "valibot";

export const TxnOptions = v.object({
  /** How long news may wait for more before it is sent, in ms: 50 by default, 0 if durable. */
  flushMs: v.optional(v.pipe(v.number(), v.minValue(0))),
  /** Whether a transaction is acknowledged only once another node has it. */
  durable: v.optional(v.boolean(), false),
});
export type TxnOptions = v.InferOutput<typeof TxnOptions>;

/** Length of the writes in one message; but at least one transaction. */
export const MAX_LENGTH = 2 ** 23;
/** Length of a version's stamp. */
export const STAMP_LENGTH = 32;
/** Writes that the log keeps for peers. A peer that lacks older ones gets a snapshot. */
export const MAX_LOGGED_WRITES = 5000;

/** How long a node waits before its first message, in ms: its peers may not be running yet. */
export const START_MS = 250;
/** How long news waits for more, in ms, where no client waits for its replication. */
export const FLUSH_MS = 50;
/** How long to wait for an acknowledgement, in ms, on top of the time it may wait for news. */
export const ACK_TIMEOUT_MS = 350;
/** Time-outs in a row after which a peer counts as dead: 3 s or more. */
export const DEAD_AFTER_TIMEOUTS = 8;
/** How long a durable transaction waits for another node, in ms: clients wait 5 s. */
export const DURABLE_LIMIT_MS = 4000;
