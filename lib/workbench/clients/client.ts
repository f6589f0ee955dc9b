/**
 * A client of the tester: one request at a time, and what its outcome means for the operation.
 *
 * @see Maelstrom, `client.clj`
 */
import * as v from "valibot";
import { describeIssues } from "../../protocol/message.ts";
import {
  type AnyBody,
  type Clock,
  errorKind,
  isDefinite,
  type Json,
  type Message,
  MessageId,
  type NodeId,
} from "../../vortex/index.ts";
import type { Delivery, Network } from "../network/network.ts";
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

/**
 * The schema of a reply: closed, as Maelstrom's are. An extra field makes the reply malformed, and
 * so the outcome of the operation unknown.
 */
export function replySchema<const Type extends string, Entries extends v.ObjectEntries>(
  type: Type,
  entries: Entries,
) {
  return v.strictObject({
    type: v.literal(type),
    in_reply_to: MessageId,
    msg_id: v.exactOptional(MessageId),
    ...entries,
  });
}

export interface ClientOptions {
  readonly id: NodeId;
  readonly network: Network;
  readonly clock: Clock;
}

interface Awaited {
  readonly msgId: number;
  readonly settle: (body: AnyBody) => void;
  readonly cancel: () => void;
}

export class Client {
  readonly id: NodeId;
  readonly #network: Network;
  readonly #clock: Clock;
  #lastMsgId = 0;
  #awaited: Awaited | undefined;

  constructor({ id, network, clock }: ClientOptions) {
    this.id = id;
    this.#network = network;
    this.#clock = clock;
    network.connect(id, (delivery) => this.#receive(delivery));
  }

  /** Leaves the network. A request in flight will never be settled. */
  close(): void {
    this.#awaited?.cancel();
    this.#awaited = undefined;
    this.#network.disconnect(this.id);
  }

  /**
   * Sends a request and resolves with the reply that the schema makes of it.
   *
   * Replies are matched by `in_reply_to`, which must be the integer that was sent; every other
   * message is dropped.
   *
   * @throws {ErrorReply | NetTimeout | MalformedReply}
   */
  async rpc<S extends v.GenericSchema>(
    dest: NodeId,
    body: { readonly type: string; readonly [field: string]: Json },
    schema: S,
    timeoutMs: number,
  ): Promise<v.InferOutput<S>> {
    const request = { src: this.id, dest, body: { ...body, msg_id: ++this.#lastMsgId } };
    const reply = await this.#request(request, timeoutMs);
    if (reply["type"] === "error") {
      const { code, text } = reply;
      const integer = Number.isInteger(code) ? (code as number) : undefined;
      throw new ErrorReply(integer, typeof text === "string" ? text : "");
    }
    const result = v.safeParse(schema, reply);
    if (result.success) return result.output;
    throw new MalformedReply(request, { src: dest, dest: this.id, body: reply }, result.issues);
  }

  #request({ dest, body }: Message & { body: { msg_id: number } }, timeoutMs: number) {
    if (this.#awaited !== undefined) throw new Error(`${this.id} has a request in flight already`);
    return new Promise<AnyBody>((resolve, reject) => {
      const cancelTimeout = this.#clock.after(timeoutMs, () => {
        this.#awaited = undefined;
        reject(new NetTimeout(`No reply from ${dest} within ${timeoutMs} ms`));
      });
      const settle = (reply: AnyBody) => {
        cancelTimeout();
        this.#awaited = undefined;
        resolve(reply);
      };
      this.#awaited = { msgId: body.msg_id, settle, cancel: cancelTimeout };
      this.#network.send(this.id, dest, body);
    });
  }

  #receive({ body }: Delivery): void {
    if (body["in_reply_to"] === this.#awaited?.msgId) this.#awaited?.settle(body);
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
