import type { AnyBody, Json, NodeId } from "../../vortex/index.ts";

/** A server that Maelstrom provides. It handles one request at a time. */
export interface Service {
  /**
   * Handles a request and says what to reply; nothing if its type is unknown.
   *
   * Nothing else about a request is checked: a field that is missing counts as `null`.
   */
  handle(src: NodeId, body: AnyBody): AnyBody | undefined;
}

/** A field of a request, `null` if it is missing. */
export function field(body: AnyBody, name: string): Json {
  // Bodies are parsed JSON, whatever else is unknown about them.
  return (body[name] ?? null) as Json;
}

/** Addresses a reply to the request: with its `msg_id`, or `null` if it has none. */
export function inReplyTo(request: AnyBody, reply: AnyBody): AnyBody {
  return { ...reply, in_reply_to: field(request, "msg_id") };
}
