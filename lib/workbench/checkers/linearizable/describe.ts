/** Describes operations of a model, and the parts of a history. */
import { shorten } from "../../../protocol/shorten.ts";
import { type Json, stringifyJson } from "../../../vortex/index.ts";
import type { ModelOperation } from "./model.ts";

const MAX_LABEL_LENGTH = 80;

/** Describes an operation by its function, argument and result: `"cas [1,2]"`, `"dequeue: 7"`. */
export function describeKind({ f, type, value, result }: ModelOperation): string {
  const argument = value === null ? "" : ` ${textOf(value)}`;
  // Many workloads repeat the argument, or return nothing.
  const isTelling = result !== undefined && result !== null && textOf(result) !== textOf(value);
  const outcome = type === "info" ? " (info)" : isTelling ? `: ${textOf(result)}` : "";
  return shorten(`${f}${argument}${outcome}`, MAX_LABEL_LENGTH);
}

function textOf(value: Json): string {
  return stringifyJson(value);
}
