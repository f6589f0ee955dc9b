/** The messages by which followers forward requests to the leader. */
import * as v from "valibot";
import { Outcome } from "./machine.ts";

/** Maximum length of the commands, and of the outcomes, in a message, in characters. */
export const MAX_FORWARD_LENGTH = 2 ** 16;

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Requests for the leader of a term. */
export const Forward = v.object({
  type: v.literal("forward"),
  term: Count,
  /** The start of the sender: its disk, and how often it has been started with it. */
  incarnation: v.string(),
  boot: Count,
  /** The sender waits for no request below this number. */
  floor: Count,
  /** Numbers and commands. */
  requests: v.array(v.tuple([Count, v.unknown()])),
});
export type Forward = v.InferOutput<typeof Forward>;

/**
 * The outcomes of forwarded requests that are not in the log. A node finds the outcomes of the others in
 * its own log.
 */
export const ForwardReply = v.object({
  type: v.literal("forward_reply"),
  term: Count,
  /** The start of the receiver that is meant: see {@link sessionOf}. */
  session: v.string(),
  outcomes: v.array(v.tuple([Count, Outcome])),
  /** Requests that the node has not executed, and never will: it no longer leads the term. */
  refused: v.array(Count),
});
export type ForwardReply = v.InferOutput<typeof ForwardReply>;

/** Names a start of a node: its disk, and how often it has been started with it. */
export function sessionOf({ incarnation, boot }: Pick<Forward, "incarnation" | "boot">): string {
  return `${incarnation}/${boot}`;
}
