/**
 * A client of the tester.
 *
 * @see Maelstrom, `client.clj`
 */
import * as v from "valibot";
import { safeParse } from "../../protocol/fast-parse.ts";
import {
  type AnyBody,
  type Cancel,
  type Clock,
  type Json,
  type Message,
  MessageId,
  type NodeId,
} from "../../vortex/index.ts";
import type { Carrier } from "../network/carrier.ts";
import type { Delivery } from "../network/delivery.ts";
import { ErrorReply, MalformedReply, NetTimeout } from "./client-errors.ts";

/**
 * Makes the schema of a reply. It is closed, as in Maelstrom: an extra field makes the reply
 * malformed, and the outcome of the operation unknown.
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
  readonly network: Carrier;
  readonly clock: Clock;
}

interface PendingRequest {
  readonly settle: (body: AnyBody) => void;
  readonly cancel: () => void;
}

export class Client {
  readonly id: NodeId;
  readonly #network: Carrier;
  readonly #clock: Clock;
  /** Type of the last request. */
  lastRequest: string | undefined;
  /** Called with each message that is not a reply. They are dropped by default. */
  onRequest: ((delivery: Delivery) => void) | undefined;
  #lastMsgId = 0;
  /** Requests in flight, by their `msg_id`. */
  readonly #pending = new Map<unknown, PendingRequest>();

  constructor({ id, network, clock }: ClientOptions) {
    this.id = id;
    this.#network = network;
    this.#clock = clock;
    network.connect(id, (delivery) => this.#receive(delivery));
  }

  /** Leaves the network. Requests in flight never settle. */
  close(): void {
    for (const { cancel } of this.#pending.values()) cancel();
    this.#pending.clear();
    this.#network.disconnect(this.id);
  }

  /**
   * Sends a request and resolves with the reply, parsed by the schema.
   *
   * A reply is matched by `in_reply_to`, the request's `msg_id`.
   *
   * @throws {ErrorReply | NetTimeout | MalformedReply} by the reply, or if none arrives.
   * @throws {InvalidMessageError} if the network refuses the request; nothing was sent then.
   */
  async rpc<S extends v.GenericSchema>(
    dest: NodeId,
    body: { readonly type: string; readonly [field: string]: Json },
    schema: S,
    timeoutMs: number,
  ): Promise<v.InferOutput<S>> {
    this.lastRequest = body.type;
    const request = { src: this.id, dest, body: { ...body, msg_id: ++this.#lastMsgId } };
    const reply = await this.#request(request, timeoutMs);
    if (reply["type"] === "error") {
      const { code, text } = reply;
      const integer = Number.isInteger(code) ? (code as number) : undefined;
      throw new ErrorReply(body.type, integer, typeof text === "string" ? text : "");
    }
    const result = safeParse(schema, reply);
    if (result.success) return result.output;
    throw new MalformedReply(request, { src: dest, dest: this.id, body: reply }, result.issues);
  }

  /**
   * Sends a message without waiting for a reply.
   *
   * @throws {InvalidMessageError} if the network refuses the message.
   */
  send(dest: NodeId, body: AnyBody): void {
    this.#network.send(this.id, dest, body);
  }

  /** Calls back after some time. */
  after(durationMs: number, callback: () => void): Cancel {
    return this.#clock.after(durationMs, callback);
  }

  #request({ dest, body }: Message & { body: { msg_id: number } }, timeoutMs: number) {
    const { msg_id } = body;
    return new Promise<AnyBody>((resolve, reject) => {
      const cancelTimeout = this.#clock.after(timeoutMs, () => {
        this.#pending.delete(msg_id);
        reject(new NetTimeout(String(body["type"]), dest, timeoutMs));
      });
      const settle = (reply: AnyBody) => {
        cancelTimeout();
        this.#pending.delete(msg_id);
        resolve(reply);
      };
      this.#pending.set(msg_id, { settle, cancel: cancelTimeout });
      try {
        this.#network.send(this.id, dest, body);
      } catch (error) {
        cancelTimeout();
        this.#pending.delete(msg_id);
        reject(error);
      }
    });
  }

  #receive(delivery: Delivery): void {
    const { in_reply_to: reference } = delivery.body;
    if (reference === undefined) this.onRequest?.(delivery);
    else this.#pending.get(reference)?.settle(delivery.body);
  }
}
