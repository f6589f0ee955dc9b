/**
 * Errors of a client's requests, and the completion of an operation that threw one.
 *
 * @see Maelstrom, `client.clj`
 */
import type * as v from "valibot";
import { describeIssues } from "../../protocol/describe-issues.ts";
import { errorKind, isDefinite, type Json, type Message, type NodeId } from "../../vortex/index.ts";
import type { Completion } from "./interpreter.ts";

/** The reply is an error body. */
export class ErrorReply extends Error {
  override readonly name = "ErrorReply";
  /** Type of the request. */
  readonly request: string;
  /** `undefined` if the body has no integer code. */
  readonly code: number | undefined;

  constructor(request: string, code: number | undefined, text: string) {
    super(text);
    this.request = request;
    this.code = code;
  }
}

/** No reply arrived within the timeout. */
export class NetTimeout extends Error {
  override readonly name = "NetTimeout";
  /** Type of the request. */
  readonly request: string;
  readonly timeoutMs: number;

  constructor(request: string, dest: NodeId, timeoutMs: number) {
    super(`No reply from ${dest} within ${timeoutMs} ms`);
    this.request = request;
    this.timeoutMs = timeoutMs;
  }
}

/** The reply does not match the workload's schema. */
export class MalformedReply extends Error {
  override readonly name = "MalformedReply";
  readonly request: Message;
  readonly reply: Message;
  /** What is wrong with the reply. */
  readonly problem: string;
  /** Whether unknown fields are all that is wrong with the reply. */
  readonly hasExtraFieldOnly: boolean;

  constructor(request: Message, reply: Message, issues: readonly v.BaseIssue<unknown>[]) {
    const type = request.body["type"];
    const problem = describeIssues(issues);
    super(`Malformed reply to "${type}" from ${request.dest}: ${problem}`);
    this.problem = problem;
    this.request = request;
    this.reply = reply;
    // valibot expects "never" for an unknown field of a strict object.
    this.hasExtraFieldOnly = issues.every(({ expected }) => expected === "never");
  }
}

/** A workload's rules for operations that failed. */
export interface ErrorPolicy {
  /**
   * Whether protocol errors and timeouts decide how an operation completes. If not, each counts as
   * an exception, and the outcome of the operation is unknown.
   */
  readonly usesProtocolErrors: boolean;
  /** Operations without effect, which complete as failed when their outcome is unknown. */
  readonly idempotent: ReadonlySet<string>;
}

/** The completion of an operation that threw an error. */
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
