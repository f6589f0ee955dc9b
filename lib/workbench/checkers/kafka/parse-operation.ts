/** Parses the values of kafka operations, as Maelstrom's client writes them. */
import { isArray } from "../../../protocol/json-key.ts";
import { isRawNumber, type Json, stringifyJson } from "../../../vortex/index.ts";
import type { Operation } from "../../history/history.ts";

/** A message with its offset, or `null` if that is unknown. */
export type OffsetMessage = readonly [offset: number | null, message: Json];

/** Parses `[["send", key, message]]`; a known offset comes as `[offset, message]`. */
export function parseSend(operation: Operation): {
  key: string;
  value: Json;
  offset: number | undefined;
} {
  const [name, key, sent] = microOperation(operation);
  if (name !== "send" || typeof key !== "string" || sent === undefined) {
    throw malformed(operation, 'is not [["send", key, message]]');
  }
  if (!isArray(sent)) return { key, value: sent, offset: undefined };
  verifySize(operation, sent[0]);
  if (!isOffsetMessage(sent)) throw malformed(operation, "has no [offset, message]");
  return { key, value: sent[1], offset: sent[0] ?? undefined };
}

/**
 * Parses `[["poll", {key: [[offset, message], ...]}]]`, or `[["poll"]]` if the result is unknown.
 * `null` instead of a list is an empty one.
 */
export function parsePoll(operation: Operation): [string, readonly OffsetMessage[]][] {
  const [name, messages = null] = microOperation(operation);
  if (name === "poll" && messages === null) return [];
  if (name !== "poll" || !isObject(messages)) {
    throw malformed(operation, 'is not [["poll", {key: [[offset, message]]}]]');
  }
  return Object.entries(messages).map(([key, list]) => {
    const pairs = list ?? [];
    if (isArray(pairs)) for (const pair of pairs) if (isArray(pair)) verifySize(operation, pair[0]);
    if (!isArray(pairs) || !pairs.every(isOffsetMessage)) {
      throw malformed(operation, `has no [[offset, message], ...] for key ${key}`);
    }
    return [key, pairs];
  });
}

/** @throws {Error} if an offset is an integer beyond those that a double can tell apart. */
function verifySize(operation: Operation, offset: Json | undefined): void {
  const isLarge =
    typeof offset === "number"
      ? Number.isInteger(offset) && !Number.isSafeInteger(offset)
      : offset !== undefined && isRawNumber(offset) && /^-?\d+$/.test(offset.rawJSON);
  if (!isLarge) return;
  const text = typeof offset === "number" ? BigInt(offset) : stringifyJson(offset);
  throw malformed(
    operation,
    `has offset ${text}, above 9007199254740991 (2^53 - 1): larger offsets cannot be distinguished here. Count the messages of each key from 0, instead of using times or random numbers`,
  );
}

function isOffsetMessage(pair: Json): pair is OffsetMessage {
  return isArray(pair) && pair.length > 1 && (pair[0] === null || Number.isSafeInteger(pair[0]));
}

export function assignedKeys(operation: Operation): readonly string[] {
  if (!isArray(operation.value)) return [];
  return operation.value.filter((key) => typeof key === "string");
}

function microOperation(operation: Operation): readonly Json[] {
  const [micro, ...others] = isArray(operation.value) ? operation.value : [];
  if (micro === undefined || others.length > 0 || !isArray(micro)) {
    throw malformed(operation, "does not have exactly one micro-operation");
  }
  return micro;
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !isArray(value) && !isRawNumber(value);
}

export function malformed(operation: Operation, what: string): Error {
  return new Error(`Operation ${operation.index}, a ${operation.f}, ${what}`);
}
