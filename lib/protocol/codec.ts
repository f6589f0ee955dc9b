/** Messages <-> lines of text. */
import * as v from "valibot";
import { describeIssues } from "./describe-issues.ts";
import { isNestedDeeper, parseJson, stringifyJson } from "./json.ts";
import { isObject, type Message, messageSchema } from "./message.ts";

/** A decoded line: a message, or why it is not one. */
export type Decoded =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly reason: string };

/**
 * Maximum nesting of a message, far more than can be encoded. Parsing 100 MB of nothing but `[` took
 * 8 GB of memory, 80 bytes per level.
 */
const MAX_DEPTH = 2 ** 20;
/** A shorter line cannot exceed that depth, so it is not checked. */
const LONG = MAX_DEPTH;

/**
 * Decodes one line, without its line break.
 *
 * @param parse Parses JSON text. `JSON.parse` is enough for text without numbers that JavaScript
 *   cannot represent (see `mayHoldRawNumbers`).
 */
export function decode(line: string, parse: (text: string) => unknown = parseJson): Decoded {
  if (line.length > LONG && isNestedDeeper(line, MAX_DEPTH)) {
    return { ok: false, reason: `not a message: it is nested more than ${MAX_DEPTH} levels deep` };
  }
  let value: unknown;
  try {
    value = parse(line);
  } catch (error) {
    return { ok: false, reason: `not JSON: ${error instanceof Error ? error.message : error}` };
  }
  if (!isObject(value)) return { ok: false, reason: "not a message: it must be an object" };
  const { src, dest, body } = value;
  if (typeof src === "string" && typeof dest === "string" && isObject(body)) {
    return { ok: true, message: { src, dest, body } };
  }
  const { issues = [] } = v.safeParse(messageSchema(), value);
  return { ok: false, reason: `not a message: ${describeIssues(issues)}` };
}

/**
 * Encodes a message as one line, line break included.
 *
 * @throws {RangeError | TypeError} when the message is nested too deeply or is not JSON.
 */
export function encode({ src, dest, body }: Message): string {
  return `${stringifyJson({ src, dest, body })}\n`;
}
