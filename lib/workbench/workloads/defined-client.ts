/** The clients of a workload: they carry out its operations, and handle what nodes send them. */
import * as v from "valibot";
import { describeIssues } from "../../protocol/describe-issues.ts";
import { isRpcError, type Json, type NodeId, RpcError } from "../../vortex/index.ts";
import { requireMilliseconds } from "../../vortex/milliseconds.ts";
import type { Client } from "../clients/client.ts";
import {
  completionOf,
  isClientError,
  NetTimeout,
  requestErrorOf,
} from "../clients/client-errors.ts";
import type { Invocation } from "../clients/generator.ts";
import type { Completion } from "../clients/interpreter.ts";
import { OPERATION_LIMIT, withinLimit } from "../clients/operation-limit.ts";
import type { Fields, ReplyLike } from "../clients/reply.ts";
import { isSchema, replySchemaOf } from "../clients/reply-schema.ts";
import type { Delivery } from "../network/delivery.ts";
import type {
  ClientContext,
  Connection,
  DefinedWorkload,
  Operation,
  OperationContext,
  Operations,
} from "./definition.ts";
import { jsonCopy } from "./json-copy.ts";
import type { WorkloadOptions } from "./options.ts";
import { isOutcome, type Outcome } from "./outcome.ts";
import { problemOfOperations } from "./require-definition.ts";
import { inWorkload, WorkloadError, workloadError } from "./workload-error.ts";

/** Timeout of a client's requests, in ms. */
const RPC_TIMEOUT_MS = 5000;

/** Connects a client to a node. @param isForeign Whether it is of a user's workload. */
export function connect(
  client: Client,
  node: NodeId,
  { nodeIds }: Pick<WorkloadOptions, "nodeIds">,
  isForeign: boolean,
): Connection {
  return { node, nodeIds, rpc: rpcOf(client, isForeign) };
}

function rpcOf(client: Client, isForeign: boolean): Connection["rpc"] {
  const rpc: Connection["rpc"] = (dest, body, reply, timeoutMs = RPC_TIMEOUT_MS) => {
    requireMilliseconds("The timeout of rpc", timeoutMs, rpc);
    const received = client.rpc(dest, body, replySchemaOf(body.type, reply), timeoutMs);
    // Forced: the compiler does not resolve ReplyOf<R>.
    return (isForeign ? received.then((parsed) => fieldsOf(parsed, reply)) : received) as never;
  };
  return rpc;
}

/**
 * The fields of a reply that a workload lists, without `type` and `in_reply_to`: a reply that becomes
 * the result of an operation is compared with what a model expects. (That of echo includes them, as in
 * Maelstrom.)
 */
function fieldsOf(parsed: unknown, reply: ReplyLike): unknown {
  if (isSchema(reply) || typeof parsed !== "object" || parsed === null) return parsed;
  return Object.fromEntries(
    Object.entries(parsed).filter(([field]) => Object.hasOwn(reply, field)),
  );
}

function sleepOf(client: Client): OperationContext["sleep"] {
  const sleep: OperationContext["sleep"] = (durationMs) => {
    requireMilliseconds("The duration of sleep", durationMs, sleep);
    return new Promise((resolve) => void client.after(durationMs, resolve));
  };
  return sleep;
}

/** The test of a client. */
export interface ClientHost {
  /** Whether the workload is a user's: its results are checked, and its operations may hang. */
  readonly isForeign: boolean;
  /** Called with each type of message that the client handles. */
  readonly onHandled: (type: string) => void;
  /** Called with what a handler has thrown, which ends the test. */
  readonly onFailure: (error: WorkloadError) => void;
  /** Called with a message that does not fit its handler, and why. */
  readonly onMalformed: (message: Delivery, reason: string) => void;
}

interface Handler {
  readonly schema: v.GenericSchema;
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler may return nothing.
  readonly handle: (body: never, node: NodeId) => Fields | void;
}

export class DefinedClient {
  readonly #client: Client;
  /** The functions of all its operations. Making them for each took 3 % of a simulation. */
  readonly #calls: Pick<OperationContext, "rpc" | "send" | "sleep">;
  readonly #context: WorkloadOptions;
  readonly #host: ClientHost;
  readonly #operations: Operations;
  readonly #usesProtocolErrors: boolean;
  readonly #handlers = new Map<string, Handler>();
  /** Conditions that operations wait for, and what continues them. */
  readonly #waiting = new Map<() => void, () => boolean>();

  /** @throws {WorkloadError} when the definition's function throws. */
  constructor(
    { operations, usesProtocolErrors = true }: DefinedWorkload,
    client: Client,
    context: WorkloadOptions & { readonly options: unknown },
    host: ClientHost,
  ) {
    this.#client = client;
    this.#context = context;
    this.#host = host;
    this.#usesProtocolErrors = usesProtocolErrors;
    this.#calls = {
      rpc: rpcOf(client, host.isForeign),
      send: (dest, body) => client.send(dest, body),
      sleep: sleepOf(client),
    };
    const handle: ClientContext<unknown>["handle"] = (type, fields, handler) => {
      if (this.#handlers.has(type)) {
        throw new Error(`Cannot handle "${type}": it has a handler already`);
      }
      const schema = isSchema(fields) ? fields : v.object(fields);
      this.#handlers.set(type, { schema, handle: handler });
      host.onHandled(type);
    };
    this.#operations =
      typeof operations === "function"
        ? inWorkload('"operations"', () =>
            operations({ ...context, client: client.id, handle } as never),
          )
        : operations;
    const problem = problemOfOperations(this.#operations);
    if (problem !== undefined) throw new WorkloadError('"operations"', new Error(problem));
    if (this.#handlers.size > 0) client.onRequest = (delivery) => this.#handle(delivery);
  }

  /**
   * Carries out an operation.
   *
   * @throws the errors of the client's requests, for `completionOf`.
   */
  async invoke(invocation: Invocation, node: NodeId): Promise<Completion> {
    const { value } = invocation;
    const { rpc, send, sleep } = this.#calls;
    const context: OperationContext = {
      node,
      nodeIds: this.#context.nodeIds,
      rpc,
      send,
      sleep,
      invocation,
      until: (condition, timeoutMs = RPC_TIMEOUT_MS) => {
        requireMilliseconds("The timeout of until", timeoutMs, context.until);
        return this.#until(condition, timeoutMs, invocation.f, node);
      },
    };
    const operation = this.#operation(invocation.f);
    try {
      return this.#completed(await this.#run(operation, context, value), value);
    } catch (error) {
      if (isClientError(error)) throw error;
      throw workloadError(partOf(invocation.f), error);
    }
  }

  #run(operation: Operation<never>, context: OperationContext, value: Json) {
    const running = operation.run(context, value as never);
    return this.#host.isForeign ? withinLimit(running, this.#client, NEVER_ENDED) : running;
  }

  /** The completion with a result, or with the outcome that a result or an error stands for. */
  #completed(result: Json | Outcome, argument: Json): Completion {
    if (!isOutcome(result)) return { type: "ok", value: this.#recorded(result) };
    const { type, value, error } = result;
    const recorded = value === undefined ? argument : this.#recorded(value);
    if (error === undefined) return { type, value: recorded };
    return { type, value: recorded, error: this.#recorded(error) };
  }

  #recorded(value: Json): Json {
    return this.#host.isForeign ? jsonCopy(value) : value;
  }

  /** The completion of an operation that threw an error. */
  completionOf(error: unknown, invocation: Invocation): Completion {
    const operation = this.#operation(invocation.f);
    const { idempotent = false } = operation;
    const requestError = requestErrorOf(error);
    if (requestError !== undefined) {
      const { value } = invocation;
      const outcome = inWorkload(`"onError" of ${partOf(invocation.f)}`, () =>
        operation.onError?.(requestError, value as never),
      );
      if (outcome !== undefined) return this.#completed(outcome, value);
    }
    return completionOf(error, invocation, {
      usesProtocolErrors: this.#usesProtocolErrors,
      isIdempotent: idempotent,
    });
  }

  #operation(f: string): Operation<never> {
    const operation = Object.hasOwn(this.#operations, f) ? this.#operations[f] : undefined;
    if (operation !== undefined) return operation;
    const known = Object.keys(this.#operations).join(", ");
    throw new WorkloadError(
      '"generators"',
      new Error(`the generator emitted "${f}", but the operations are ${known}`),
    );
  }

  async #until(
    condition: () => boolean,
    timeoutMs: number,
    f: string,
    node: NodeId,
  ): Promise<void> {
    if (condition()) return;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const proceed = () => resolve(true);
    this.#waiting.set(proceed, condition);
    const cancel = this.#client.after(timeoutMs, () => resolve(false));
    const isMet = await promise;
    cancel();
    this.#waiting.delete(proceed);
    if (isMet) return;
    const text = `What "${f}" waits for has not happened within ${timeoutMs} ms`;
    throw new NetTimeout(f, node, timeoutMs, text);
  }

  #handle(delivery: Delivery): void {
    const { src, body } = delivery;
    const { type, msg_id } = body;
    try {
      const reply = this.#replyTo(delivery);
      if (msg_id !== undefined && reply !== undefined) {
        this.#client.send(src, { type: `${type}_ok`, ...reply, in_reply_to: msg_id });
      }
      for (const [proceed, condition] of this.#waiting) if (condition()) proceed();
    } catch (error) {
      this.#host.onFailure(workloadError(`the handler of "${type}"`, error));
    }
  }

  #replyTo(delivery: Delivery): Fields | undefined {
    const { src, body } = delivery;
    const { type } = body;
    const handler = typeof type === "string" ? this.#handlers.get(type) : undefined;
    if (handler === undefined) {
      return errorBody(new RpcError("not-supported", `Clients do not handle "${type}"`));
    }
    const parsed = v.safeParse(handler.schema, body);
    if (!parsed.success) {
      const reason = describeIssues(parsed.issues);
      this.#host.onMalformed(delivery, reason);
      return errorBody(new RpcError("malformed-request", reason));
    }
    try {
      return handler.handle(parsed.output as never, src) ?? undefined;
    } catch (error) {
      if (!isRpcError(error)) throw error;
      return errorBody(error);
    }
  }
}

const NEVER_ENDED = `it has not ended within ${OPERATION_LIMIT}. Await only what its context provides: rpc, sleep, until; real timers do not fire in a simulation`;

function partOf(f: string): string {
  return `the operation "${f}"`;
}

function errorBody({ code, message: text }: RpcError): Fields {
  return { type: "error", code, text };
}
