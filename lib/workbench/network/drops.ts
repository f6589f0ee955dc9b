/** Why messages never arrive. Imports nothing: the page of a report uses it too. */

/** Why messages are dropped, each with the words for it. */
export const DROPS = {
  /** A partition, of either kind, cut the link when the message was due. */
  partition: "dropped by the partition",
  /** The loss fault took it. */
  loss: "dropped by loss",
  /** Its receiver was down, or was killed before the message arrived. */
  down: "receiver down",
  /** Its receiver is a client that has left, because its request had timed out. */
  gone: "receiver gone",
  /** It was decided by hand. */
  intervention: "dropped by hand",
} as const;
export type DropReason = keyof typeof DROPS;
export const DROP_REASONS = Object.keys(DROPS) as readonly DropReason[];

/** The words for a message that was neither delivered nor dropped. */
export const IN_FLIGHT = "in flight at the end";
