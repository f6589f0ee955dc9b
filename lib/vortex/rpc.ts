/** The client side of RPC: requests that a node has sent and that wait for a reply. */
import type * as v from "valibot";
import { describeIssues } from "../protocol/describe-issues.ts";
import { RpcError } from "../protocol/errors.ts";
import { type Schema, safeParse } from "../protocol/fast-parse.ts";
import { type AnyBody, errorBodySchema, type Message, type NodeId } from "../protocol/message.ts";
import { quote } from "../protocol/shorten.ts";
import { errorText } from "./error-text.ts";
import type { Cancel, Clock } from "./host.ts";
import { lazy } from "./lazy.ts";

/** Options of {@link Node.rpc}. */
export interface RpcOptions {
  /** How long to wait for the reply, in ms. Defaults to 1000. */
  readonly timeoutMs?: number;
}

/** Options of {@link Node.syncRpc}. */
export interface SyncRpcOptions extends RpcOptions {
  /** Stops waiting when it aborts; `syncRpc` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The outcome of an RPC: the body of the reply, or the error that took its place. */
export type RpcResult<Body> =
  | { readonly ok: true; readonly body: Body }
  | { readonly ok: false; readonly error: RpcError };

interface PendingRpc {
  /** The receiver of the request: only its reply counts. */
  readonly dest: NodeId;
  /** The type of the request. */
  readonly type: string;
  /** Parses the reply's body. */
  readonly schema: Schema;
  readonly timeoutMs: number;
  readonly settle: (result: RpcResult<unknown>) => void;
  readonly cancelTimeout: Cancel;
}

/** The parts of a node that {@link PendingRpcs} use. */
export interface PendingRpcsOptions {
  readonly clock: Clock;
  send(dest: NodeId, body: AnyBody): void;
  log(text: string): void;
  /** Called whenever an RPC has ended. */
  onEnd(): void;
}

/** The requests of one node that have not been replied to. */
export class PendingRpcs {
  readonly #options: PendingRpcsOptions;
  readonly #pending = new Map<number, PendingRpc>();
  #lastId = 0;
  #hasLoggedUnexpectedReply = false;

  constructor(options: PendingRpcsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#pending.size;
  }

  /**
   * Sends a request with a `msg_id`, and settles it once: with the first reply from `dest`, or with a
   * timeout.
   *
   * @returns its id, for {@link abandon}.
   */
  start<S extends Schema>(
    dest: NodeId,
    body: AnyBody & { readonly type: string },
    schema: S,
    timeoutMs: number,
    settle: (result: RpcResult<v.InferOutput<S>>) => void,
  ): number {
    const id = this.#lastId + 1;
    this.#options.send(dest, { ...body, msg_id: id });
    this.#lastId = id;
    this.#pending.set(id, {
      dest,
      type: body.type,
      schema,
      timeoutMs,
      settle, // Called only with the output of this schema.
      cancelTimeout: this.#options.clock.after(timeoutMs, () => this.#expire(id)),
    });
    return id;
  }

  /** Abandons a request: it is never settled. */
  abandon(id: number): void {
    this.#pending.get(id)?.cancelTimeout();
    this.#end(id);
  }

  /** Settles the request that a message replies to; drops a reply to no pending request. */
  receive({ src, body }: Message): void {
    const id = body["in_reply_to"];
    const pending = typeof id === "number" ? this.#pending.get(id) : undefined;
    if (pending === undefined) return; // Late, duplicate, or unsolicited.
    if (src !== pending.dest) {
      this.#logUnexpectedReply(src, pending);
      return;
    }
    pending.cancelTimeout();
    this.#pending.delete(id as number);
    pending.settle(readReply(src, pending.schema, body));
    this.#options.onEnd();
  }

  #expire(id: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    const { type, dest, timeoutMs, settle } = pending;
    const text = `No reply to "${type}" from ${dest} within ${timeoutMs} ms`;
    settle({ ok: false, error: withoutStack(() => new RpcError("timeout", text)) });
    this.#end(id);
  }

  #end(id: number): void {
    this.#pending.delete(id);
    this.#options.onEnd();
  }

  /** Abandons all requests. */
  abandonAll(): void {
    for (const pending of this.#pending.values()) pending.cancelTimeout();
    this.#pending.clear();
  }

  /** Logs the first reply from an unexpected sender: many may follow. */
  #logUnexpectedReply(src: NodeId, { dest, type }: PendingRpc): void {
    if (this.#hasLoggedUnexpectedReply) return;
    this.#hasLoggedUnexpectedReply = true;
    const text = `Ignoring a reply from ${quote(src)} to ${quote(type)}, which was sent to ${quote(dest)}`;
    this.#options.log(`${text} (logged once)`);
  }
}

/** Parses a reply: into the schema's output, or the peer's error. */
function readReply<S extends Schema>(
  peer: NodeId,
  schema: S,
  body: AnyBody,
): RpcResult<v.InferOutput<S>> {
  if (body["type"] === "error") return { ok: false, error: readError(peer, body) };
  try {
    const result = safeParse(schema, body);
    if (result.success) return { ok: true, body: result.output };
    const text = `Malformed reply from ${peer}: ${describeIssues(result.issues)}`;
    return { ok: false, error: new RpcError("crash", text) };
  } catch (error) {
    const text = `Cannot read the reply from ${peer}: ${errorText(error)}`;
    return { ok: false, error: new RpcError("crash", text, { cause: error }) };
  }
}

const errorBody = lazy(errorBodySchema);

function readError(peer: NodeId, body: AnyBody): RpcError {
  const result = safeParse(errorBody(), body);
  if (result.success) return new RpcError(result.output.code, result.output.text);
  // What happened is unknown, so the error is indefinite.
  return new RpcError("crash", `Malformed error from ${peer}: ${describeIssues(result.issues)}`);
}

/** Creates an error faster: its stack would lead to a timer. */
function withoutStack<E extends Error>(create: () => E): E {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return create();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
