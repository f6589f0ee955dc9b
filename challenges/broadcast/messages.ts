/** Messages between the nodes of a broadcast. Field names are short because they are sent often. */
import * as v from "valibot";
import { KeptJson, type NodeId } from "../../lib/vortex/index.ts";
import type { Run as Values } from "./origin-log.ts";

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Consecutive values of one origin: the origin, the number of the first value, the values. */
export const Run = v.tupleWithRest([v.string(), Count], KeptJson);

/** Everything a node has for a peer: news, acknowledgement, timing; each part where there is any. */
export const Gossip = v.object({
  type: v.literal("gossip"),
  /** Incarnation of the sender. */
  from: v.string(),
  /** Incarnation of the receiver, if the sender knows it. `seen`, `end` and `echo` concern it alone. */
  to: v.exactOptional(v.string()),
  /** Acknowledgement: the sender holds the receiver's log up to here. */
  seen: v.exactOptional(Count),
  /** The receiver holds the sender's log up to here, once it has taken in this message. */
  end: v.exactOptional(Count),
  /** `at` of the receiver's latest message, and how long ago it arrived, in ms. */
  echo: v.exactOptional(v.tuple([v.number(), v.number()])),
  /** The sender's clock, in ms. */
  at: v.exactOptional(v.number()),
  /** Time until the sender's next batch, in ms. */
  next: v.exactOptional(v.number()),
  /** How long the oldest of the news has waited at the sender, in ms. */
  waited: v.exactOptional(v.number()),
  /** The sender wants the receiver's batches: the receiver is its parent, or it has none. */
  serve: v.exactOptional(v.literal(true)),
  /** The sender asks what the receiver holds, and wants the answer at once. */
  ask: v.exactOptional(v.literal(true)),
  /** Number of values of each origin that the sender holds. */
  have: v.exactOptional(v.array(v.tuple([v.string(), Count]))),
  /** Values that the receiver may lack. */
  news: v.exactOptional(v.array(Run)),
});
export type Gossip = v.InferOutput<typeof Gossip>;

/** Values to show at once. They follow as news too, which alone is acknowledged. */
export const Eager = v.object({ type: v.literal("eager"), values: v.array(KeptJson) });
export type Eager = v.InferOutput<typeof Eager>;

/** A {@link Gossip} before it is encoded: its news are the log's own runs. */
export type OutgoingGossip = Omit<Gossip, "news"> & { readonly news?: readonly Values[] };

/** A message to send. */
export interface Outgoing {
  readonly dest: NodeId;
  readonly body: OutgoingGossip | Eager;
}
