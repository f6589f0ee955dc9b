import type { AnyBody, Json, NodeId } from "../vortex/index.ts";

/** A service. It handles one request at a time. */
export interface Service {
  /**
   * Handles a request and returns the reply, or `undefined` for an unknown request type.
   *
   * Requests are not validated further: a missing field counts as `null`.
   */
  handle(src: NodeId, body: AnyBody): AnyBody | undefined;
}

/** Returns a field of a body, or `null` if it is missing. */
export function orNull(field: unknown): Json {
  // Bodies are parsed JSON, so every field is Json.
  return (field ?? null) as Json;
}

/** Adds `in_reply_to` to a reply: the `msg_id` of the request, or `null`. */
export function inReplyTo({ msg_id }: AnyBody, reply: AnyBody): AnyBody {
  return { ...reply, in_reply_to: orNull(msg_id) };
}
