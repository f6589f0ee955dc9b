/**
 * Errors of a client's requests, and the completion of an operation that threw one.
 *
 * @see Maelstrom, `client.clj`
 */
import type * as v from "valibot";
import { describeIssues } from "../../protocol/describe-issues.ts";
import {
  type ErrorKind,
  errorKind,
  isDefinite,
  isRpcError,
  type Json,
  type Message,
  type NodeId,
} from "../../vortex/index.ts";
import { InvalidMessageError } from "../network/carrier.ts";
import type { Completion } from "./interpreter.ts";

/** Marks what the code of workloads recognises with `isRpcError`. */
const RPC_ERROR = Symbol.for("vortex.RpcError");

/** The reply is an error body. With a code, it passes for an `RpcError`. */
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
    if (code !== undefined) Object.defineProperty(this, RPC_ERROR, { value: true });
  }

  /** The protocol's name of the code, or `"unknown"`. */
  get kind(): ErrorKind | "unknown" {
    return this.code === undefined ? "unknown" : errorKind(this.code);
  }

  /** Whether the operation certainly did not happen. */
  get definite(): boolean {
    return this.code !== undefined && isDefinite(this.code);
  }
}

/** No reply arrived within the timeout. It passes for an `RpcError`. */
export class NetTimeout extends Error {
  override readonly name = "NetTimeout";
  readonly code = 0;
  readonly kind = "timeout";
  readonly definite = false;
  /** Type of the request. */
  readonly request: string;
  readonly timeoutMs: number;

  constructor(
    request: string,
    dest: NodeId,
    timeoutMs: number,
    text = `No reply from ${dest} within ${timeoutMs} ms`,
  ) {
    super(text);
    this.request = request;
    this.timeoutMs = timeoutMs;
    Object.defineProperty(this, RPC_ERROR, { value: true });
  }
}

/** The reply does not match the workload's schema. */
export class MalformedReply extends Error {
  override readonly name = "MalformedReply";
  readonly request: Message;
  readonly reply: Message;
  /** The fields of the reply that are wrong. */
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

/** The rules for an operation that failed. */
export interface ErrorPolicy {
  /**
   * Whether protocol errors and timeouts decide how an operation completes. If not, each counts as
   * an exception, and the outcome of the operation is unknown.
   */
  readonly usesProtocolErrors: boolean;
  /** Whether the operation has no effect, so that it completes as failed if its outcome is unknown. */
  readonly isIdempotent: boolean;
}

/** A request that a node answered with an error, or did not answer. */
export interface RequestError {
  /** Type of the request. */
  readonly request: string;
  /** The error's code: 0 if no reply arrived in time, `undefined` if the node's error had none. */
  readonly code: number | undefined;
  /** The protocol's name of the code, or `"unknown"`. */
  readonly kind: ErrorKind | "unknown";
  /** The node's text. */
  readonly text: string;
}

/** Describes an error or a timeout; `undefined` for whatever else a client has thrown. */
export function requestErrorOf(thrown: unknown): RequestError | undefined {
  if (thrown instanceof NetTimeout) {
    return { request: thrown.request, code: 0, kind: "timeout", text: thrown.message };
  }
  if (!(thrown instanceof ErrorReply)) return undefined;
  const { request, code, kind, message: text } = thrown;
  return { request, code, kind, text };
}

/** Whether a client's request failed with this, or a workload has thrown it to say so: an `RpcError`. */
export function isClientError(thrown: unknown): boolean {
  return (
    isRpcError(thrown) ||
    thrown instanceof ErrorReply ||
    thrown instanceof MalformedReply ||
    thrown instanceof InvalidMessageError
  );
}

/** The completion of an operation that threw an error. */
export function completionOf(
  thrown: unknown,
  { value }: { readonly value: Json },
  { usesProtocolErrors, isIdempotent }: ErrorPolicy,
): Completion {
  const indefinite = isIdempotent ? "fail" : "info";
  if (usesProtocolErrors && thrown instanceof NetTimeout) {
    return { type: indefinite, value, error: "net-timeout" };
  }
  if (usesProtocolErrors && (thrown instanceof ErrorReply || isRpcError(thrown))) {
    const { kind, definite, message } = thrown;
    return { type: definite ? "fail" : indefinite, value, error: [kind, message] };
  }
  const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
  return {
    type: "info",
    value,
    error: `indeterminate: ${message}`,
    exception: { class: name, message },
  };
}
