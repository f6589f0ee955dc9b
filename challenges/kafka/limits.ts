/** The options, bounds and times of the log. Lengths are in characters of JSON, approximately. */
import * as v from "valibot";

export const KafkaOptions = v.object({
  /** Whether a message is stored before it is acknowledged. */
  durable: v.optional(v.boolean(), true),
  /** How long news may wait before it is pushed to other nodes, in ms. */
  pushMs: v.optional(v.pipe(v.number(), v.minValue(1)), 100),
  /** How long messages that are acknowledged first may wait to be stored, in ms. */
  storeMs: v.optional(v.pipe(v.number(), v.minValue(0)), 300),
  /** How long committed offsets may wait to be stored, in ms. */
  commitMs: v.optional(v.pipe(v.number(), v.minValue(1)), 1000),
});
export type KafkaOptions = v.InferOutput<typeof KafkaOptions>;

/** Messages per poll, over all keys; but at least one of each key for which there is room. */
export const MAX_POLLED = 10_000;
/** Length of the messages of a poll; but at least one message. */
export const MAX_POLLED_LENGTH = 2 ** 20;

/** Messages and records per push; but at least one record. */
export const MAX_PUSHED = 10_000;
/** Length of the records of a push. */
export const MAX_PUSHED_LENGTH = 2 ** 23;
/** The same for a silent peer. If it is only slow, repeated pushes must not pile up. */
export const MAX_PUSHED_LENGTH_IN_SILENCE = 2 ** 14;
/** Own records kept for pushing. A peer that lacks older ones reads them in lin-kv. */
export const MAX_RECENT = 10_000;

/** Length of the committed offsets in a record. */
export const MAX_COMMITS_LENGTH = 2 ** 20;
/** Messages that are acknowledged and not stored, without durability. */
export const MAX_UNSTORED = 100_000;
/** Length of the messages that wait for the next record, without durability. */
export const MAX_UNSTORED_LENGTH = 2 ** 24;

/** A peer is silent after this time without a message from it, in ms. */
export const SILENCE_MS = 1000;
/** How long to wait between look-ups of a silent peer, in ms; doubles while they find nothing. */
export const LOOK_UP_MS = 1000;
export const MAX_LOOK_UP_MS = 8000;
/** How long a push waits for its acknowledgement before it is repeated, in ms. */
export const RESEND_MS = 500;
/** How long a request waits for recovery, in ms: clients wait 5 s. */
export const START_LIMIT_MS = 4000;
