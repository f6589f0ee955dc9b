/**
 * The operations of a key-value store on a single key.
 *
 * Every request concerns one key, so this is the whole store. The three stores differ only in the
 * past state of a key that a request can see.
 *
 * @see Maelstrom, `maelstrom.service/PersistentKV`
 */
import { isSameJson } from "../protocol/json-key.ts";
import { type AnyBody, ERRORS, type ErrorKind, type Json, stringifyJson } from "../vortex/index.ts";
import { orNull } from "./service.ts";

/** The entry of a key; `undefined` if the key does not exist. Its value can be `null`. */
export type Entry = { readonly value: Json } | undefined;

/** The entry of a key after a request, and the reply. */
export type Outcome = readonly [after: Entry, reply: AnyBody];

/**
 * Applies a request to the entry of its key. Returns `undefined` for an unknown request type.
 *
 * A write returns a new entry, even for an equal value; other requests return the same object.
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
    // For any `from`. As in Clojure, every value except null and false is truthy.
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
