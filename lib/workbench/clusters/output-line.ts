/**
 * Parses the output of nodes: a line is a message.
 *
 * @see Maelstrom, `process.clj` (`parse-msg`) and `net/message.clj`
 */
import * as v from "valibot";
import { describeIssues } from "../../protocol/describe-issues.ts";
import { safeParse } from "../../protocol/fast-parse.ts";
import { isNestedDeeper } from "../../protocol/json.ts";
import { isObject } from "../../protocol/message.ts";
import { shorten } from "../../protocol/shorten.ts";
import {
  type AnyBody,
  type Message,
  MessageId,
  type NodeId,
  parseJson,
} from "../../vortex/index.ts";
import { InvalidMessageError, type InvalidMessageKind } from "../network/carrier.ts";
import type { Network } from "../network/network.ts";

/** Why a line of output is not a message on the network. */
export interface LineProblem {
  readonly kind: BadOutputKind | InvalidMessageKind;
  readonly reason: string;
}

export type BadOutputKind = "debug-line" | "missing-newline" | "malformed-message";

export type OutputLine =
  | { readonly ok: true; readonly src: NodeId; readonly dest: NodeId; readonly body: AnyBody }
  | { readonly ok: false; readonly kind: BadOutputKind; readonly reason: string };

// Strict: any other field is an error. An id is allowed, and ignored.
const OutgoingMessage = v.strictObject({
  src: v.string(),
  dest: v.string(),
  body: v.nullish(v.custom<AnyBody>(isObject, "must be an object"), {}),
  id: v.exactOptional(MessageId),
});

/** Maximum nesting of a line, that of Maelstrom's JSON parser. Checkers recurse over values. */
const MAX_DEPTH = 1000;

/** Parses one line of a node's output. */
export function readOutputLine(line: string): OutputLine {
  if (line.trim() === "") {
    return { ok: false, kind: "debug-line", reason: "the line is empty" };
  }
  // Two characters per level at least.
  if (line.length > 2 * MAX_DEPTH && isNestedDeeper(line, MAX_DEPTH)) {
    const reason = `the line is nested more than ${MAX_DEPTH} levels deep`;
    return { ok: false, kind: "malformed-message", reason };
  }
  let value: unknown;
  try {
    value = parseJson(line);
  } catch (error) {
    // The engine quotes the offending text, however long it is.
    const reason = shorten(`not JSON: ${error instanceof Error ? error.message : error}`, 200);
    return { ok: false, kind: kindOf(line), reason };
  }
  const result = safeParse(OutgoingMessage, value);
  if (!result.success) {
    const reason = `malformed network message: ${describeIssues(result.issues)}`;
    return { ok: false, kind: "malformed-message", reason };
  }
  const { src, dest, body } = result.output;
  return { ok: true, src, dest, body };
}

/** Sends the message on a line, or returns what is wrong with it. */
export function sendLine(network: Network, line: string, length = 0): LineProblem | undefined {
  const read = readOutputLine(line);
  return read.ok ? sendMessage(network, read, length) : { kind: read.kind, reason: read.reason };
}

/** Sends a message, or returns why the network does not accept it. */
export function sendMessage(
  network: Network,
  { src, dest, body }: Message,
  length = 0,
): LineProblem | undefined {
  try {
    network.send(src, dest, body, length);
    return undefined;
  } catch (error) {
    if (!(error instanceof InvalidMessageError)) throw error;
    return { kind: error.kind, reason: error.message };
  }
}

/** The problem of a line that exceeds the limit. It is not parsed. */
export function tooLongLine(line: string, maxLength: number): LineProblem {
  const reason = `the line is longer than ${maxLength} characters, the limit of a message`;
  return { kind: kindOfText(line), reason };
}

/** Whether a text is one valid message. */
export function isMessage(text: string): boolean {
  return readOutputLine(text).ok;
}

/** Maximum number of places checked for a missing line break. */
const MAX_TRIES = 16;

/** Classifies a line that is not JSON. */
function kindOf(line: string): BadOutputKind {
  let tries = 0;
  for (const { index } of line.matchAll(/\}\s*\{/g)) {
    if (isMessage(line.slice(0, index + 1))) return "missing-newline";
    if (++tries === MAX_TRIES) break;
  }
  return kindOfText(line);
}

function kindOfText(line: string): BadOutputKind {
  return line.trimStart().startsWith("{") ? "malformed-message" : "debug-line";
}
