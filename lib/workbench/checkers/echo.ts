/**
 * Checks that every echo returns the value that was sent.
 *
 * @see Maelstrom, `maelstrom.workload.echo/checker`
 */
import { isSameJson } from "../../protocol/json-key.ts";
import type { Json } from "../../vortex/index.ts";
import { type History, type Operation, pairs } from "../history/history.ts";
import type { CheckOptions, Finding, Verdict } from "./checker.ts";
import {
  describeOperation,
  describeOutcome,
  EXAMPLES_PER_KIND,
  quote,
  withMore,
} from "./wording.ts";

export interface EchoVerdict extends Verdict {
  readonly valid: boolean;
  readonly errorCount: number;
}

/**
 * Valid if every echo that completed as `ok` or `fail` returned the value sent.
 *
 * As in Maelstrom, a failed echo counts as returning `null`. Echoes that completed as `info`, or
 * never, are skipped. Only the reply's `echo` field is compared.
 */
export function checkEcho(history: History, _options: CheckOptions = {}): EchoVerdict {
  const errors: Finding[] = [];
  let errorCount = 0;
  for (const { invocation, completion } of pairs(history)) {
    if (completion === undefined || completion.type === "info") continue;
    if (isSameJson(invocation.value, echoOf(completion))) continue;
    errorCount++;
    if (errors.length < EXAMPLES_PER_KIND) errors.push(mismatch(invocation, completion));
  }
  return { valid: errorCount === 0, errorCount, explanation: withMore(errors, errorCount) };
}

/** Reads the `echo` field of a reply; `null` if it is missing, as in Clojure. */
function echoOf({ type, value }: Operation): Json {
  if (type !== "ok" || typeof value !== "object" || value === null) return null;
  // Only an object of JSON can have this field.
  return Object.hasOwn(value, "echo") ? (value as { readonly echo: Json }).echo : null;
}

function mismatch(invocation: Operation, completion: Operation): Finding {
  const received =
    completion.type === "ok" ? `received ${quote(completion.value)}` : describeOutcome(completion);
  return {
    anomaly: "mismatch",
    sentence: `${describeOperation(invocation)} sent ${quote(invocation.value)} and ${received}`,
    operations: [invocation, completion],
  };
}
