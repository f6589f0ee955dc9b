/**
 * A client of the tester, with at most one request in flight.
 *
 * @see Maelstrom, `client.clj`
 */
import * as v from "valibot";
import { safeParse } from "../../protocol/fast-parse.ts";
import {
  type AnyBody,
  type Clock,
  type Json,
  type Message,
  MessageId,
  type NodeId,
} from "../../vortex/index.ts";
import type { Delivery } from "../network/delivery.ts";
import type { Network } from "../network/network.ts";
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
  readonly network: Network;
  readonly clock: Clock;
}

interface PendingRequest {
  readonly msgId: number;
  readonly settle: (body: AnyBody) => void;
  readonly cancel: () => void;
}

export class Client {
  readonly id: NodeId;
  readonly #network: Network;
  readonly #clock: Clock;
  /** Type of the last request. */
  lastRequest: string | undefined;
  #lastMsgId = 0;
  #pending: PendingRequest | undefined;

  constructor({ id, network, clock }: ClientOptions) {
    this.id = id;
    this.#network = network;
    this.#clock = clock;
    network.connect(id, (delivery) => this.#receive(delivery));
  }

  /** Leaves the network. A request in flight never settles. */
  close(): void {
    this.#pending?.cancel();
    this.#pending = undefined;
    this.#network.disconnect(this.id);
  }

  /**
   * Sends a request and resolves with the reply, parsed by the schema.
   *
   * A reply is matched by `in_reply_to`, the request's `msg_id`. Every other message is dropped.
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

  #request({ dest, body }: Message & { body: { msg_id: number } }, timeoutMs: number) {
    if (this.#pending !== undefined) throw new Error(`${this.id} has a request in flight already`);
    return new Promise<AnyBody>((resolve, reject) => {
      const cancelTimeout = this.#clock.after(timeoutMs, () => {
        this.#pending = undefined;
        reject(new NetTimeout(String(body["type"]), dest, timeoutMs));
      });
      const settle = (reply: AnyBody) => {
        cancelTimeout();
        this.#pending = undefined;
        resolve(reply);
      };
      this.#pending = { msgId: body.msg_id, settle, cancel: cancelTimeout };
      try {
        this.#network.send(this.id, dest, body);
      } catch (error) {
        // Nothing is in flight: the client can send another request.
        cancelTimeout();
        this.#pending = undefined;
        reject(error);
      }
    });
  }

  #receive({ body }: Delivery): void {
    if (body["in_reply_to"] === this.#pending?.msgId) this.#pending?.settle(body);
  }
}
