/**
 * What a key-value store does with the one key that a request is about.
 *
 * No request concerns two keys, so this is the whole store. Which past of a key a request gets to
 * see is where the stores differ: linearizable, sequential, last write wins.
 *
 * @see Maelstrom, `maelstrom.service/PersistentKV`
 */

import { isSameJson } from "../protocol/json-key.ts";
import { type AnyBody, ERRORS, type ErrorKind, type Json, stringifyJson } from "../vortex/index.ts";
import { orNull } from "./service.ts";

/** What a key holds, possibly `null`; `undefined` if there is no such key. */
export type Entry = { readonly value: Json } | undefined;

/** What a key holds after a request, and the reply. */
export type Outcome = readonly [after: Entry, reply: AnyBody];

/**
 * Applies a request to what its key holds; `undefined` if the request's type is unknown.
 *
 * Whatever writes leaves a new entry, even if of the same value; whatever does not, the old one.
 */
export function applyToKey(entry: Entry, request: AnyBody): Outcome | undefined {
  switch (request["type"]) {
    case "read":
      if (entry === undefined) return [entry, NO_SUCH_KEY];
      return [entry, { type: "read_ok", value: entry.value }];
    case "write":
      return [{ value: orNull(request["value"]) }, { type: "write_ok" }];
    case "cas":
      return compareAndSet(entry, request);
    default:
      return undefined;
  }
}

function compareAndSet(
  entry: Entry,
  { from, to, create_if_not_exists: create = null }: AnyBody,
): Outcome {
  const done: Outcome = [{ value: orNull(to) }, { type: "cas_ok" }];
  if (entry === undefined) {
    // Whatever `from` is. As in Clojure, all but null and false count as true.
    return create !== null && create !== false ? done : [entry, NO_SUCH_KEY];
  }
  if (isSameJson(entry.value, orNull(from))) return done;
  const text = `current value ${stringifyJson(entry.value)} is not ${stringifyJson(orNull(from))}`;
  return [entry, errorBody("precondition-failed", text)];
}

const NO_SUCH_KEY = errorBody("key-does-not-exist", "key does not exist");

function errorBody(kind: ErrorKind, text: string): AnyBody {
  return { type: "error", code: ERRORS[kind].code, text };
}
