/**
 * How a request can go wrong, and what that means for the operation it belongs to.
 *
 * @see Maelstrom, `client.clj`
 */
import type * as v from "valibot";
import { describeIssues } from "../../protocol/describe-issues.ts";
import { errorKind, isDefinite, type Json, type Message } from "../../vortex/index.ts";
import type { Completion } from "./interpreter.ts";

/** The node answered with an error body. */
export class ErrorReply extends Error {
  override readonly name = "ErrorReply";
  /** Undefined where the body had no number there. */
  readonly code: number | undefined;

  constructor(code: number | undefined, text: string) {
    super(text);
    this.code = code;
  }
}

/** No reply came in time. */
export class NetTimeout extends Error {
  override readonly name = "NetTimeout";
}

/** A reply came that the workload's schema refuses. */
export class MalformedReply extends Error {
  override readonly name = "MalformedReply";
  readonly request: Message;
  readonly reply: Message;
  /** Whether the reply would be fine without the fields that its type does not have. */
  readonly hasExtraFieldOnly: boolean;

  constructor(request: Message, reply: Message, issues: readonly v.BaseIssue<unknown>[]) {
    const type = request.body["type"];
    super(`Malformed reply to "${type}" from ${request.dest}: ${describeIssues(issues)}`);
    this.request = request;
    this.reply = reply;
    // So valibot says what a closed object does not have.
    this.hasExtraFieldOnly = issues.every(({ expected }) => expected === "never");
  }
}

/** How a workload judges operations that went wrong. */
export interface ErrorPolicy {
  /**
   * Whether errors and timeouts complete an operation as the protocol means them. Where they do
   * not, every one of them counts as an exception: nobody knows whether the operation happened.
   */
  readonly usesProtocolErrors: boolean;
  /** Operations without effect: when their outcome is unknown, they may as well have failed. */
  readonly idempotent: ReadonlySet<string>;
}

/** What an operation ends as when carrying it out has thrown this. */
export function completionOf(
  thrown: unknown,
  { f, value }: { readonly f: string; readonly value: Json },
  { usesProtocolErrors, idempotent }: ErrorPolicy,
): Completion {
  const indefinite = idempotent.has(f) ? "fail" : "info";
  if (usesProtocolErrors && thrown instanceof NetTimeout) {
    return { type: indefinite, value, error: "net-timeout" };
  }
  if (usesProtocolErrors && thrown instanceof ErrorReply) {
    const { code, message } = thrown;
    const kind = code === undefined ? "unknown" : errorKind(code);
    const type = code !== undefined && isDefinite(code) ? "fail" : indefinite;
    return { type, value, error: [kind, message] };
  }
  const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
  return {
    type: "info",
    value,
    error: `indeterminate: ${message}`,
    exception: { class: name, message },
  };
}
