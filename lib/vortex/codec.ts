/** One line of text <-> one message. */
import { safeParse } from "./fast-parse.ts";
import { parseJson, stringifyJson } from "./json.ts";
import { describeIssues, isObject, Message } from "./message.ts";

/** What a line turned out to be. */
export type Decoded =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly reason: string };

/**
 * Decodes one line, without its line break.
 *
 * @param parse How to parse JSON text: `JSON.parse` will do for text that is known to hold no
 *   number which JavaScript cannot keep (see `mayHoldRawNumbers`).
 */
export function decode(line: string, parse: (text: string) => unknown = parseJson): Decoded {
  let value: unknown;
  try {
    value = parse(line);
  } catch (error) {
    return { ok: false, reason: `not JSON: ${error instanceof Error ? error.message : error}` };
  }
  const result = safeParse(Message, value);
  if (result.success) return { ok: true, message: result.output };
  if (!isObject(value)) return { ok: false, reason: "not a message: it must be an object" };
  return { ok: false, reason: `not a message: ${describeIssues(result.issues)}` };
}

/**
 * Encodes a message as one line, line break included.
 *
 * @throws {RangeError | TypeError} when the message is nested too deep or is not JSON.
 */
export function encode({ src, dest, body }: Message): string {
  return `${stringifyJson({ src, dest, body })}\n`;
}
