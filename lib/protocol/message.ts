/**
 * The schemas of messages and their bodies.
 *
 * Wire names (`msg_id`, `in_reply_to`, `node_ids`) stay as they are on the wire.
 *
 * A schema costs a process memory and time when it is created. So a node checks messages and `init` by
 * hand, and creates their schemas only to explain what is invalid; bundlers drop those that a program
 * does not use.
 *
 * @see Maelstrom protocol, "Messages", "Message bodies" and "Initialization"
 */
import * as v from "valibot";
import { isRawNumber, type RawNumber } from "./json.ts";

/** Name of a node (`"n0"`), a client (`"c7"`) or a service (`"seq-kv"`). */
export type NodeId = string;

/** Any integer as JSON writes it; one beyond 2^53 is a {@link RawNumber}. */
export const JsonInteger = /* @__PURE__ */ v.custom<number | RawNumber>(
  isJsonInteger,
  "must be an integer",
);
export type JsonInteger = v.InferOutput<typeof JsonInteger>;

/** Identifies a request among those of its sender. 0 is legal. */
export const MessageId = JsonInteger;
export type MessageId = JsonInteger;

export function bodySchema() {
  return v.looseObject({
    type: v.string(),
    msg_id: v.exactOptional(MessageId),
    in_reply_to: v.exactOptional(MessageId),
  });
}

/** The fields that all bodies share; each type of message adds its own. */
export const Body = /* @__PURE__ */ bodySchema();
export type Body = v.InferOutput<typeof Body>;

/** A body that has not been parsed by a schema: any object. */
export type AnyBody = { readonly [field: string]: unknown };

export function messageSchema() {
  return v.object({
    src: v.string(),
    dest: v.string(),
    body: v.custom<AnyBody>(isObject, "must be an object"),
  });
}

/**
 * A message on the wire: sender, destination, body.
 *
 * The body may be any object, not only a {@link Body}: the node replies to a malformed one. The `id`
 * that Maelstrom's network adds is dropped.
 */
export const Message = /* @__PURE__ */ messageSchema();
export type Message = Readonly<v.InferOutput<typeof Message>>;

/** The first message to a node: its name, and the names of all nodes in an order that all share. */
export function initSchema() {
  return v.object({
    type: v.literal("init"),
    node_id: v.string(),
    node_ids: v.array(v.string()),
  });
}
export type Init = v.InferOutput<ReturnType<typeof initSchema>>;

/** Whether a body fits {@link initSchema}. */
export function isInit(body: AnyBody): body is Init {
  const { type, node_id, node_ids } = body;
  return type === "init" && typeof node_id === "string" && isListOfStrings(node_ids);
}

/** The neighbours of every node. */
export function topologySchema() {
  return v.object({
    type: v.literal("topology"),
    topology: v.custom<{ readonly [node: NodeId]: readonly NodeId[] }>(
      (value) => isObject(value) && Object.values(value).every(isListOfStrings),
      "must map node ids to lists of node ids",
    ),
  });
}

export function errorBodySchema() {
  return v.looseObject({
    type: v.literal("error"),
    code: v.pipe(v.number(), v.integer()),
    text: v.exactOptional(v.string()),
  });
}

/** The body of an error reply. */
export const ErrorBody = /* @__PURE__ */ errorBodySchema();
export type ErrorBody = v.InferOutput<typeof ErrorBody>;

const MAX_KEPT_DEPTH = 1000;

/**
 * Any value that a node can store and include in later messages.
 *
 * A value that is nested too deeply to be encoded would break every message that contains it: all
 * reads of a set, all records of a batch. The limit of the encoder is some tens of thousands of levels.
 */
export const KeptJson = /* @__PURE__ */ v.custom<unknown>(
  (value) => value !== undefined && isNestedAtMost(value, MAX_KEPT_DEPTH),
  () => `must be nested at most ${MAX_KEPT_DEPTH} levels deep`,
);

/** Whether arrays and objects are nested at most `levels` deep; `[]` is one level. */
function isNestedAtMost(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (levels === 0) return isRawNumber(value);
  for (const element of Object.values(value)) {
    if (!isNestedAtMost(element, levels - 1)) return false;
  }
  return true;
}

/** Whether a parsed value was written as an integer: `3` was, `3.0` was not. */
export function isJsonInteger(value: unknown): value is number | RawNumber {
  return Number.isInteger(value) || (isRawNumber(value) && /^-?\d+$/.test(value.rawJSON));
}

/** Whether a parsed value is a JSON object: not an array, `null` or a {@link RawNumber}. */
export function isObject(value: unknown): value is AnyBody {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !isRawNumber(value)
  );
}

function isListOfStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((element) => typeof element === "string");
}
