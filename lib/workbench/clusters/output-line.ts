/**
 * What nodes print: lines -> messages.
 *
 * @see Maelstrom, `process.clj` (`parse-msg`) and `net/message.clj`
 */
import * as v from "valibot";
import { describeIssues, isObject, shorten } from "../../protocol/message.ts";
import { type AnyBody, MessageId, type NodeId, parseJson } from "../../vortex/index.ts";
import type { MistakeName } from "../diagnostics/detector.ts";

export type OutputLine =
  | { readonly ok: true; readonly src: NodeId; readonly dest: NodeId; readonly body: AnyBody }
  | { readonly ok: false; readonly reason: string; readonly mistake: MistakeName };

// Closed: any other field is an error. An id is allowed, and ignored.
const OutgoingMessage = v.strictObject({
  src: v.string(),
  dest: v.string(),
  body: v.nullish(v.custom<AnyBody>(isObject, "must be an object"), {}),
  id: v.exactOptional(MessageId),
});

/** Reads one line of a node's output. */
export function readOutputLine(line: string): OutputLine {
  if (line.trim() === "") {
    return { ok: false, reason: "the line is empty", mistake: "debug line on stdout" };
  }
  let value: unknown;
  try {
    value = parseJson(line);
  } catch (error) {
    // The engine quotes what it does not understand, however long it is.
    const reason = shorten(`not JSON: ${error instanceof Error ? error.message : error}`, 200);
    return { ok: false, reason, mistake: mistakeOf(line) };
  }
  const result = v.safeParse(OutgoingMessage, value);
  if (!result.success) {
    const reason = `malformed network message: ${describeIssues(result.issues)}`;
    return { ok: false, reason, mistake: "malformed message" };
  }
  const { src, dest, body } = result.output;
  return { ok: true, src, dest, body };
}

/** What is wrong with a line that nobody has read to its end. */
export function tooLongLine(line: string, maxLength: number) {
  const reason = `the line is longer than ${maxLength} characters, and so than any message may be`;
  return { ok: false, reason, mistake: kindOfText(line) } as const;
}

/** Whether a text is one message: as a line, it would be heard. */
export function isMessage(text: string): boolean {
  return readOutputLine(text).ok;
}

/** How many places are tried at which a line break may be missing. */
const MAX_TRIES = 16;

/** What a line that is not JSON looks like. */
function mistakeOf(line: string): MistakeName {
  let tries = 0;
  for (const { index } of line.matchAll(/\}\s*\{/g)) {
    if (isMessage(line.slice(0, index + 1))) return "forgotten newline";
    if (++tries === MAX_TRIES) break;
  }
  return kindOfText(line);
}

function kindOfText(line: string): MistakeName {
  return line.trimStart().startsWith("{") ? "malformed message" : "debug line on stdout";
}
