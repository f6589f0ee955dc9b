/**
 * What nodes print: lines -> messages.
 *
 * @see Maelstrom, `process.clj` (`parse-msg`) and `net/message.clj`
 */
import * as v from "valibot";
import { type AnyBody, MessageId, type NodeId, parseJson } from "../vortex/index.ts";
import { describeIssues, isObject } from "../vortex/message.ts";

export type OutputLine =
  | { readonly ok: true; readonly src: NodeId; readonly dest: NodeId; readonly body: AnyBody }
  | { readonly ok: false; readonly reason: string };

// Closed: any other field is an error. An id is allowed, and ignored.
const OutgoingMessage = v.strictObject({
  src: v.string(),
  dest: v.string(),
  body: v.nullish(v.custom<AnyBody>(isObject, "must be an object"), {}),
  id: v.exactOptional(MessageId),
});

/** Reads one line of a node's output. */
export function readOutputLine(line: string): OutputLine {
  if (line.trim() === "") return { ok: false, reason: "the line is empty" };
  let value: unknown;
  try {
    value = parseJson(line);
  } catch (error) {
    return { ok: false, reason: `not JSON: ${error instanceof Error ? error.message : error}` };
  }
  const result = v.safeParse(OutgoingMessage, value);
  if (!result.success) {
    return { ok: false, reason: `malformed network message: ${describeIssues(result.issues)}` };
  }
  const { src, dest, body } = result.output;
  return { ok: true, src, dest, body };
}
