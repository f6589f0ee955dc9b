/** A message on the network, and what its addresses say about it. */
import { type AnyBody, type NodeId, stringifyJson } from "../../vortex/index.ts";

/** A message in flight, as receivers get it. */
export interface Delivery {
  /** Unique per network, from 0 in the order of sending. */
  readonly id: number;
  readonly src: NodeId;
  readonly dest: NodeId;
  readonly body: AnyBody;
}

/** Decides on the order of messages between servers, in place of latencies. */
export interface DeliveryOrder {
  /**
   * Takes a message, and releases it later, once. A released message is delivered at once, unless its
   * receiver is down or cut off by then.
   *
   * @param delayMs Least time until its release.
   */
  hold(delivery: Delivery, delayMs: number, release: () => void): void;
}

/** Whether an id is a client's. Maelstrom's only rule for client ids: they start with "c". */
export function isClientId(id: NodeId): boolean {
  return id.startsWith("c");
}

/** Renders a message as JSON, without its body if that is nested too deep to print. */
export function messageText(message: Omit<Delivery, "id"> & { readonly id?: number }): string {
  try {
    return stringifyJson(message);
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    return `${stringifyJson({ ...message, body: null })} (its body cannot be shown: ${reason})`;
  }
}
