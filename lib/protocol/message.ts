/**
 * Messages, their bodies, and the schemas that judge them.
 *
 * Wire names (`msg_id`, `in_reply_to`, `node_ids`) stay as they are on the wire.
 *
 * @see Maelstrom protocol, "Messages", "Message bodies" and "Initialization"
 */
import * as v from "valibot";
import { isRawNumber, type RawNumber } from "./json.ts";

/** Name of a node (`"n0"`), a client (`"c7"`) or a service (`"seq-kv"`). */
export type NodeId = string;

/** Any integer, as JSON writes them: one beyond 2^53 is a {@link RawNumber}, carried as written. */
export const JsonInteger = v.custom<number | RawNumber>(isJsonInteger, "must be an integer");
export type JsonInteger = v.InferOutput<typeof JsonInteger>;

/** An integer that names a request among those of its sender. 0 is a legal one. */
export const MessageId = JsonInteger;
export type MessageId = JsonInteger;

/** What all bodies share; the fields of the message's own type stand beside these. */
export const Body = v.looseObject({
  type: v.string(),
  msg_id: v.exactOptional(MessageId),
  in_reply_to: v.exactOptional(MessageId),
});
export type Body = v.InferOutput<typeof Body>;

/** What bodies are before anyone looked inside: objects. */
export type AnyBody = { readonly [field: string]: unknown };

/**
 * A message as it travels: who sends it, to whom, and what.
 *
 * Its body is an object, but not yet known to be a {@link Body}: only the node can answer a
 * malformed one. The `id` that Maelstrom's network adds is left out.
 */
export const Message = v.object({
  src: v.string(),
  dest: v.string(),
  body: v.custom<AnyBody>(isObject, "must be an object"),
});
export type Message = Readonly<v.InferOutput<typeof Message>>;

/** The first message that a node gets: its own name and those of all nodes, in the same order. */
export const Init = v.object({
  type: v.literal("init"),
  node_id: v.string(),
  node_ids: v.array(v.string()),
});
export type Init = v.InferOutput<typeof Init>;

/** Who should talk to whom: the neighbours of every node. */
export const Topology = v.object({
  type: v.literal("topology"),
  topology: v.custom<{ readonly [node: NodeId]: readonly NodeId[] }>(
    (value) => isObject(value) && Object.values(value).every(isListOfStrings),
    "must map node ids to lists of node ids",
  ),
});
export type Topology = v.InferOutput<typeof Topology>;

/** The body of an error reply. */
export const ErrorBody = v.looseObject({
  type: v.literal("error"),
  code: v.pipe(v.number(), v.integer()),
  text: v.exactOptional(v.string()),
});
export type ErrorBody = v.InferOutput<typeof ErrorBody>;

const MAX_KEPT_DEPTH = 1000;

/**
 * Any value that can be kept, and handed on with others within messages to come.
 *
 * One that is nested too deep to be encoded would spoil every message that it is part of: all reads
 * of a set that holds it, all records that share a batch with it. Messages can be encoded up to some
 * tens of thousands of levels.
 */
export const KeptJson = v.custom<unknown>(
  (value) => value !== undefined && isNestedAtMost(value, MAX_KEPT_DEPTH),
  `must be nested at most ${MAX_KEPT_DEPTH} levels deep`,
);

/** Whether arrays and objects lie in each other at most so many levels deep: `[]` is one level. */
function isNestedAtMost(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (levels === 0) return isRawNumber(value);
  for (const element of Object.values(value)) {
    if (!isNestedAtMost(element, levels - 1)) return false;
  }
  return true;
}

/** Whether a parsed value was written as a JSON integer: `3` is one, `3.0` is not. */
export function isJsonInteger(value: unknown): value is number | RawNumber {
  return Number.isInteger(value) || (isRawNumber(value) && /^-?\d+$/.test(value.rawJSON));
}

/** Whether a parsed value is a JSON object: not an array, not null, not a number kept as written. */
export function isObject(value: unknown): value is AnyBody {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !isRawNumber(value)
  );
}

function isListOfStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((element) => typeof element === "string");
}
