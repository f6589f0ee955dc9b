import { shorten } from "../../protocol/shorten.ts";
import type { NodeId } from "../../vortex/index.ts";
import type { Delivery } from "../network/delivery.ts";
import { isClientId, messageText } from "../network/delivery.ts";
import type { JournalEvent } from "../network/journal.ts";

/** Number of messages that are remembered per node. */
const REMEMBERED = 4;
const MAX_SHOWN_LENGTH = 1000;

/** Watches what the nodes of a test receive and send, to explain an exit. */
export class NodeActivity {
  readonly #last = new Map<NodeId, Delivery>();
  /** The last messages that each node received and has not replied to. */
  readonly #unanswered: ReadonlyMap<NodeId, Delivery[]>;
  /** The same at the time of the node's exit. */
  readonly #beforeExit = new Map<NodeId, readonly Delivery[]>();
  #betweenNodes = 0;

  constructor(nodeIds: readonly NodeId[]) {
    this.#unanswered = new Map(nodeIds.map((node) => [node, []]));
  }

  /** Number of messages that nodes sent each other. */
  get messagesBetweenNodes(): number {
    return this.#betweenNodes;
  }

  observe({ type, message }: JournalEvent): void {
    const { src, dest, body } = message;
    if (type === "recv") {
      const unanswered = this.#unanswered.get(dest);
      if (unanswered === undefined) return;
      this.#last.set(dest, message);
      unanswered.push(message);
      if (unanswered.length > REMEMBERED) unanswered.shift();
      return;
    }
    if (type !== "send") return;
    const unanswered = this.#unanswered.get(src);
    if (unanswered === undefined) return;
    if (!isClientId(dest) && this.#unanswered.has(dest)) this.#betweenNodes++;
    const replyTo = body["in_reply_to"];
    if (replyTo === undefined) return;
    const index = unanswered.findIndex(
      (request) => request.src === dest && request.body["msg_id"] === replyTo,
    );
    if (index >= 0) unanswered.splice(index, 1);
  }

  /** Records that a node has exited: it handles none of the messages that arrive from now on. */
  onExit(node: NodeId): void {
    this.#beforeExit.set(node, this.#lastReceived(node));
  }

  /**
   * The messages that may explain the exit of a node: the last ones it received without replying
   * before it exited, or else the last one.
   */
  lastReceived(node: NodeId): readonly string[] {
    const messages = this.#beforeExit.get(node) ?? this.#lastReceived(node);
    return messages.map(({ src, dest, body }) =>
      shorten(messageText({ src, dest, body }), MAX_SHOWN_LENGTH),
    );
  }

  #lastReceived(node: NodeId): readonly Delivery[] {
    const unanswered = this.#unanswered.get(node) ?? [];
    const last = this.#last.get(node);
    return unanswered.length > 0 || last === undefined ? [...unanswered] : [last];
  }
}
