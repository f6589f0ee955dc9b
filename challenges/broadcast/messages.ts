/** What nodes of a broadcast tell each other. */
import * as v from "valibot";
import { KeptJson, type NodeId } from "../../lib/vortex/index.ts";
import type { Run as Values } from "./origin-log.ts";

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Values of one origin that follow each other: the origin, the number of the first, the values. */
export const Run = v.tupleWithRest([v.string(), Count], KeptJson);

/** What nodes tell each other; the fields are as short as is readable, for they are sent often. */
export const Gossip = v.object({
  type: v.literal("gossip"),
  /** Which start of the sender this is: a node that was killed comes back as another. */
  me: v.string(),
  /** Which start of the receiver the sender knows; the next three mean nothing to another one. */
  you: v.exactOptional(v.string()),
  /** How much of the receiver's log the sender has. */
  seen: v.exactOptional(Count),
  /** With this message, after all that it has acknowledged, the receiver has the sender's log up to here. */
  end: v.exactOptional(Count),
  /** The `at` of the receiver's latest message, and how long ago that came, in ms. */
  echo: v.exactOptional(v.tuple([v.number(), v.number()])),
  /** The sender's clock, in ms. */
  at: v.exactOptional(v.number()),
  /** How long it will be until the sender's next batch, in ms. */
  next: v.exactOptional(v.number()),
  /** How long the oldest of the news has waited at the sender, in ms. */
  waited: v.exactOptional(v.number()),
  /** The receiver is the sender's parent, or the sender has none: it wants to be served. */
  serve: v.exactOptional(v.literal(true)),
  /** The sender wants to know what the receiver has, at once. */
  ask: v.exactOptional(v.literal(true)),
  /** How many values of each origin the sender has. */
  have: v.exactOptional(v.array(v.tuple([v.string(), Count]))),
  news: v.exactOptional(v.array(Run)),
});
export type Gossip = v.InferOutput<typeof Gossip>;

/** Values that the receiver should show at once: they will come in the usual way as well. */
export const Shown = v.object({ type: v.literal("shown"), values: v.array(KeptJson) });
export type Shown = v.InferOutput<typeof Shown>;

/** A message among nodes, before it is text: its news are what the log gives. */
export type OutgoingGossip = Omit<Gossip, "news"> & { readonly news?: readonly Values[] };

/** A message to be sent. */
export interface Outgoing {
  readonly dest: NodeId;
  readonly body: OutgoingGossip | Shown;
}
