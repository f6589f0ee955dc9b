/** The options and the times of the counters. */
import * as v from "valibot";

const Milliseconds = v.pipe(v.number(), v.minValue(0));

/** The options of a counter program. */
export const CounterOptions = v.object({
  /** Whether an add is stored before it is acknowledged. */
  durable: v.optional(v.boolean(), true),
  /** How long adds that are acknowledged first may wait to be stored, in ms. */
  storeMs: v.optional(Milliseconds, 2500),
  /** Maximum staleness of a peer's total in a read, in ms: 1000 by default, 3500 if not durable. */
  freshMs: v.optional(Milliseconds),
  /** How long a read waits for a peer's total before it reads the peer's bucket, in ms. */
  askMs: v.optional(Milliseconds, 300),
});
export type CounterOptions = v.InferOutput<typeof CounterOptions>;

/** How long an add that is acknowledged before it is stored waits for recovery, in ms. */
export const START_LIMIT_MS = 4000;
/** How long a read may take in total, in ms: clients wait 5 s. */
export const READ_LIMIT_MS = 4000;
/** How long one access to seq-kv during a read may take, in ms. */
export const SERVICE_TIMEOUT_MS = 2000;
/** How long a read waits after an error of seq-kv, in ms. */
export const SERVICE_BACKOFF_MS = 50;
/** Time between two questions to a silent peer, in ms. Until it answers, its bucket is read instead. */
export const PROBE_MS = 5000;
