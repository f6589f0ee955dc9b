import type { AnyBody, Json, NodeId } from "../vortex/index.ts";

/** A server that Maelstrom provides. It handles one request at a time. */
export interface Service {
  /**
   * Handles a request and says what to reply; nothing if its type is unknown.
   *
   * Nothing else about a request is checked: a field that is missing counts as `null`.
   */
  handle(src: NodeId, body: AnyBody): AnyBody | undefined;
}

/** A field of a body, `null` if it is missing. */
export function orNull(field: unknown): Json {
  // Bodies are parsed JSON, whatever else is unknown about them.
  return (field ?? null) as Json;
}

/** Addresses a reply to the request: with its `msg_id`, or `null` if it has none. */
export function inReplyTo({ msg_id }: AnyBody, reply: AnyBody): AnyBody {
  return { ...reply, in_reply_to: orNull(msg_id) };
}
