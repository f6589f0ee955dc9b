/**
 * A client of the tester: one request at a time.
 *
 * @see Maelstrom, `client.clj`
 */
import * as v from "valibot";
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

  /** Leaves the network. A request in flight never settles. */
  close(): void {
    this.#awaited?.cancel();
    this.#awaited = undefined;
    this.#network.disconnect(this.id);
  }

  /**
   * Sends a request and resolves with the reply, parsed by the schema.
   *
   * Replies are matched by `in_reply_to`, which must be the integer that was sent; every other
   * message is dropped.
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
      try {
        this.#network.send(this.id, dest, body);
      } catch (error) {
        // Nothing is in flight: the client can send another request.
        cancelTimeout();
        this.#awaited = undefined;
        reject(error);
      }
    });
  }

  #receive({ body }: Delivery): void {
    if (body["in_reply_to"] === this.#awaited?.msgId) this.#awaited?.settle(body);
  }
}
