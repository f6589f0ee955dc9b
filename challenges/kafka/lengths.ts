/** Approximate lengths, in characters of JSON, of the parts of a record. */
import { jsonLength } from "../../lib/vortex/index.ts";
import type { LogRecord } from "./merged-log.ts";

/** Quotes, brackets, commas and a number around a key. */
const SURROUNDINGS_LENGTH = 16;

export function lengthOfMessage([key, message]: LogRecord["messages"][number]): number {
  return key.length + SURROUNDINGS_LENGTH + jsonLength(message);
}

export function lengthOfCommit([key]: LogRecord["commits"][number]): number {
  return key.length + SURROUNDINGS_LENGTH;
}

export function lengthOfRecord({ messages, commits }: LogRecord): number {
  let length = 0;
  for (const message of messages) length += lengthOfMessage(message);
  for (const commit of commits) length += lengthOfCommit(commit);
  return length;
}
