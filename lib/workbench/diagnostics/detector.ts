/**
 * Detects common program errors that are easy to make and hard to spot.
 *
 * Each is reported with what the node sent and what it answered. None changes a verdict.
 */
import { isJsonInteger } from "../../protocol/message.ts";
import { shorten } from "../../protocol/shorten.ts";
import { isRawNumber, type Json, type NodeId } from "../../vortex/index.ts";
import type { MalformedReply } from "../clients/client-errors.ts";
import type { BadLine } from "../clusters/cluster.ts";
import { isMessage } from "../clusters/output-line.ts";
import { type Delivery, isClientId, messageText } from "../network/delivery.ts";
import type { JournalEvent } from "../network/journal.ts";
import type { Diagnostic } from "./kinds.ts";
import { differenceOf } from "./other-transaction.ts";

interface Exchange {
  readonly request: Delivery;
  reply?: Delivery;
}

/** Least number of client requests that are remembered, to detect a second reply; at most twice it. */
const MIN_REQUESTS = 10_000;
const MAX_SHOWN_LENGTH = 1000;

/** Requests of clients, by client and msg_id. */
class Exchanges {
  readonly #ofClient = new Map<NodeId, Map<number, Exchange>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(client: NodeId, msgId: number): Exchange | undefined {
    return this.#ofClient.get(client)?.get(msgId);
  }

  set(client: NodeId, msgId: number, exchange: Exchange): void {
    this.#ofClient.getOrInsertComputed(client, () => new Map()).set(msgId, exchange);
    this.#size++;
  }
}

/** Watches the nodes of one test. */
export class DiagnosticDetector {
  readonly #onDiagnostic: (diagnostic: Diagnostic) => void;
  readonly #handles: (type: unknown) => boolean;
  readonly #found = new Map<string, Diagnostic>();
  readonly #lastReceived = new Map<NodeId, Delivery>();
  #exchanges = new Exchanges();
  /** Those before the last {@link MIN_REQUESTS} at most. */
  #earlierExchanges = new Exchanges();
  /** The last msg_id of each client. */
  readonly #lastIds = new Map<NodeId, number>();

  /**
   * @param onDiagnostic Called for the first diagnostic of each kind and node.
   * @param handles Whether clients handle messages of a type, which are not replies.
   */
  constructor(
    onDiagnostic: (diagnostic: Diagnostic) => void,
    handles: (type: unknown) => boolean = () => false,
  ) {
    this.#onDiagnostic = onDiagnostic;
    this.#handles = handles;
  }

  /** All diagnostics, one per kind and node, in the order of their first occurrence. */
  get all(): readonly Diagnostic[] {
    return [...this.#found.values()];
  }

  /** The last message that a node received, as text. */
  lastReceived(node: NodeId): string | undefined {
    const message = this.#lastReceived.get(node);
    return message === undefined ? undefined : textOf(message);
  }

  /** Records a message that is sent or delivered. */
  observe({ type, message }: JournalEvent): void {
    const { src, dest, body } = message;
    if (type === "drop") return;
    if (type === "recv") {
      if (!isClientId(dest)) this.#lastReceived.set(dest, message);
    } else if (isClientId(src)) {
      const { msg_id } = body;
      if (typeof msg_id === "number") this.#remember(src, msg_id, { request: message });
    } else if (isClientId(dest)) {
      this.#observeReply(message);
    }
  }

  /** Records a line that is not a valid message. */
  addBadLine({ node, line, reason, kind }: BadLine): void {
    const received = this.lastReceived(node);
    this.#add({ node, kind, reason, sent: line, received, ignored: true });
  }

  /** Records what a node has printed after its last line break, if it is a whole message. */
  addUnfinishedLine(node: NodeId, text: string): void {
    // Every request that times out passes the same text again.
    if (this.#found.has(`${node} missing-newline`) || text === "" || !isMessage(text)) return;
    this.#add({
      node,
      kind: "missing-newline",
      reason: "the line has not ended, so it is not sent",
      sent: text,
      received: this.lastReceived(node),
    });
  }

  /** Records a reply that the workload cannot read. */
  addMalformedReply(node: NodeId, { message, request, reply, hasExtraFieldOnly }: MalformedReply) {
    this.#add({
      node,
      kind: hasExtraFieldOnly ? "extra-field" : "malformed-reply",
      reason: message,
      sent: textOf(reply),
      received: textOf(request),
    });
  }

  /** Records a message to a client that its handler cannot read. */
  addMalformedRequest(message: Delivery, reason: string): void {
    const { src, body } = message;
    this.#add({
      node: src,
      kind: "malformed-request",
      reason: `Malformed "${body["type"]}" from ${src}: ${reason}`,
      sent: textOf(message),
      received: this.lastReceived(src),
    });
  }

  #observeReply(message: Delivery): void {
    const { in_reply_to: reference, type, code } = message.body;
    if (reference === undefined && this.#handles(type)) return;
    const exchange = this.#exchangeOf(message.dest, reference);
    if (exchange === undefined) {
      this.#addUnmatchedReply(message);
      return;
    }
    if (type === "error" && !isJsonInteger(code)) {
      this.#add({
        node: message.src,
        kind: "error-code",
        reason: code === undefined ? "the error has no code" : `the code is ${describe(code)}`,
        sent: textOf(message),
        received: textOf(exchange.request),
      });
    }
    if (exchange.reply === undefined) {
      exchange.reply = message;
      this.#compareTransactions(exchange.request, message);
      return;
    }
    this.#add({
      node: message.src,
      kind: "second-reply",
      reason: `the request already has a reply, ${textOf(exchange.reply)}`,
      sent: textOf(message),
      received: textOf(exchange.request),
    });
  }

  #compareTransactions(request: Delivery, reply: Delivery): void {
    if (request.body["type"] !== "txn" || reply.body["type"] !== "txn_ok") return;
    const [asked, answered] = [request, reply].map(({ body }) => body["txn"] ?? null);
    // Forced: a body was parsed from JSON.
    const reason = differenceOf(asked as Json, answered as Json);
    if (reason === undefined) return;
    this.#add({
      node: reply.src,
      kind: "other-transaction",
      reason,
      sent: textOf(reply),
      received: textOf(request),
    });
  }

  #addUnmatchedReply(message: Delivery): void {
    const { src, dest, body } = message;
    const { in_reply_to: reference } = body;
    const last = this.#lastIds.get(dest) ?? 0;
    // The request may be too old to be remembered.
    if (typeof reference === "number" && reference > 0 && reference <= last) return;
    const similar = this.#exchangeOf(dest, numberOf(reference));
    const reason =
      reference === undefined
        ? "it has no in_reply_to"
        : isJsonInteger(reference)
          ? `in_reply_to is ${describe(reference)}, but ${dest} has sent no such request`
          : `in_reply_to is ${describe(reference)}, not an integer`;
    this.#add({
      node: src,
      kind: "unmatched-reply",
      reason:
        similar === undefined ? reason : `${reason}; ${Number(numberOf(reference))} would match`,
      sent: textOf(message),
      received: similar === undefined ? this.lastReceived(src) : textOf(similar.request),
    });
  }

  #exchangeOf(client: NodeId, msgId: unknown): Exchange | undefined {
    if (typeof msgId !== "number") return undefined;
    return this.#exchanges.get(client, msgId) ?? this.#earlierExchanges.get(client, msgId);
  }

  #remember(client: NodeId, msgId: number, exchange: Exchange): void {
    this.#lastIds.set(client, msgId);
    // A map from which the oldest entry is deleted each time takes a tenth of a long simulation.
    if (this.#exchanges.size === MIN_REQUESTS) {
      this.#earlierExchanges = this.#exchanges;
      this.#exchanges = new Exchanges();
    }
    this.#exchanges.set(client, msgId, exchange);
  }

  #add(seen: Omit<Diagnostic, "count" | "received"> & { received: string | undefined }): void {
    const { received, ...others } = seen;
    const key = `${seen.node} ${seen.kind}`;
    const former = this.#found.get(key);
    if (former !== undefined) {
      this.#found.set(key, { ...former, count: former.count + 1 });
      return;
    }
    const sent = shorten(seen.sent, MAX_SHOWN_LENGTH);
    const first = { ...others, sent, ...(received === undefined ? {} : { received }), count: 1 };
    this.#found.set(key, first);
    this.#onDiagnostic(first);
  }
}

/** A message as its line was, without the network's id; cut if it is long. */
function textOf({ src, dest, body }: Omit<Delivery, "id">): string {
  return shorten(messageText({ src, dest, body }), MAX_SHOWN_LENGTH);
}

/** Describes a value of a body, shortly and whatever its nesting. */
function describe(value: unknown): string {
  if (isRawNumber(value)) return shorten(value.rawJSON);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return shorten(typeof value === "string" ? JSON.stringify(value) : String(value));
}

/** The number that a string or another notation of a number stands for. */
function numberOf(value: unknown): number | undefined {
  if (isRawNumber(value)) return Number(value.rawJSON);
  return typeof value === "string" && value.trim() !== "" ? Number(value) : undefined;
}
