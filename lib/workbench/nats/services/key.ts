/**
 * Keys of Maelstrom's services as keys of a NATS bucket.
 *
 * A service's key is any JSON value; a bucket's is made of a few ASCII characters. The key's canonical
 * JSON is taken byte by byte: letters, digits, `-` and `_` stand for themselves, every other byte is `=`
 * and two hexadecimal digits. So `5` is `5`, and `"total"` is `=22total=22`: readable in `nats kv ls`.
 */
import { createHash } from "node:crypto";
import type { Json } from "../../../protocol/json.ts";
import { jsonKey } from "../../../protocol/json-key.ts";

/**
 * Maximum length of an encoded key. A subject must fit, with the rest of a command, in a line of 4096
 * bytes (the server's `max_control_line`), and requests repeat it.
 */
const MAX_LENGTH = 1024;

/** Returns a key of a bucket, which equal JSON values share; that of a very long key is its hash. */
export function bucketKey(key: Json): string {
  const bytes = Buffer.from(jsonKey(key));
  const text = Array.from(bytes, encodeByte).join("");
  if (text.length <= MAX_LENGTH) return text;
  // The = is followed by no hexadecimal digit, so no other key is encoded like this.
  return `=sha256=${createHash("sha256").update(bytes).digest("hex")}`;
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (/[\w-]/.test(character)) return character;
  return `=${byte.toString(16).padStart(2, "0")}`;
}
