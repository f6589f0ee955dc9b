/** The message that nodes send each other. */
import * as v from "valibot";
import { Transaction } from "./log.ts";
import { Clock, Version } from "./registers.ts";
import { Page, PageAck } from "./snapshot.ts";

/**
 * News, an acknowledgement, or both.
 *
 * Incarnations name starts of nodes. A message is meant for one incarnation: what it brings, and what
 * it acknowledges, builds on what that one had.
 */
export const Replicate = v.object({
  /** Incarnation of the sender. */
  from: v.string(),
  /** Incarnation of the receiver, if the sender knows it. */
  to: v.exactOptional(v.string()),
  /** Acknowledgement: the sender has the receiver's transactions up to this clock. */
  ack: Clock,
  /** Pages that have arrived of a snapshot that the receiver is sending. */
  pageAck: v.exactOptional(PageAck),
  /** Whether the sender waits for an acknowledgement. */
  wantsAck: v.boolean(),
  /** With this message, the receiver has the sender's transactions up to this clock. */
  upTo: v.exactOptional(Clock),
  /** The sender's transactions since the last acknowledged one. */
  transactions: v.exactOptional(v.array(Transaction)),
  /** All registers of the sender, or one page of them. */
  snapshot: v.exactOptional(v.pipe(v.array(Version), v.readonly())),
  /** Place of the page, if there are several. `upTo` holds once all of them have arrived. */
  page: v.exactOptional(Page),
});
export type Replicate = v.InferOutput<typeof Replicate>;

/** The news in a message; empty in a probe. */
export type News = Pick<Replicate, "upTo" | "transactions" | "snapshot" | "page">;
