/**
 * Detects common program errors that are easy to make and hard to spot.
 *
 * Each is reported with what the node sent and what it answered. None changes a verdict.
 */
import { shorten } from "../../protocol/shorten.ts";
import type { Json, NodeId } from "../../vortex/index.ts";
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

/** How many client requests are remembered, to detect a second reply. */
const MAX_REQUESTS = 10_000;
const MAX_SHOWN_LENGTH = 1000;

/** Watches the nodes of one test. */
export class DiagnosticDetector {
  readonly #onDiagnostic: (diagnostic: Diagnostic) => void;
  readonly #found = new Map<string, Diagnostic>();
  readonly #lastReceived = new Map<NodeId, Delivery>();
  readonly #exchanges = new Map<string, Exchange>();

  /** @param onDiagnostic Called for the first diagnostic of each kind and node. */
  constructor(onDiagnostic: (diagnostic: Diagnostic) => void) {
    this.#onDiagnostic = onDiagnostic;
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
      this.#remember(`${src} ${body["msg_id"]}`, { request: message });
    } else if (isClientId(dest)) {
      this.#observeReply(message, this.#exchanges.get(`${dest} ${body["in_reply_to"]}`));
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

  #observeReply(message: Delivery, exchange: Exchange | undefined): void {
    if (exchange === undefined) return; // Not a reply, or to a request too old to be remembered.
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

  #remember(key: string, exchange: Exchange): void {
    this.#exchanges.set(key, exchange);
    if (this.#exchanges.size <= MAX_REQUESTS) return;
    const [oldest] = this.#exchanges.keys();
    if (oldest !== undefined) this.#exchanges.delete(oldest);
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
