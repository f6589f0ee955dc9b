import { shorten } from "../../protocol/shorten.ts";
import type { NodeId } from "../../vortex/index.ts";
import type { Delivery } from "../network/delivery.ts";
import { messageText } from "../network/delivery.ts";
import type { JournalEvent } from "../network/journal.ts";

/** Number of messages that are remembered per node. */
const REMEMBERED = 4;
const MAX_SHOWN_LENGTH = 1000;

interface Received {
  last?: Delivery;
  /** The last messages that the node has not replied to. */
  readonly unanswered: Delivery[];
}

/** Watches what the nodes of a test receive and send, to explain an exit. */
export class NodeActivity {
  readonly #received: ReadonlyMap<NodeId, Received>;
  /** The messages that may explain a node's exit, as of then. */
  readonly #beforeExit = new Map<NodeId, readonly Delivery[]>();
  #betweenNodes = 0;

  constructor(nodeIds: readonly NodeId[]) {
    this.#received = new Map(nodeIds.map((node) => [node, { unanswered: [] }]));
  }

  /** Number of messages that nodes sent each other. */
  get messagesBetweenNodes(): number {
    return this.#betweenNodes;
  }

  observe(event: JournalEvent): void {
    const { type, message } = event;
    this.count(event);
    if (type === "recv") this.#observeReceived(message);
    else if (type === "send") this.#observeSent(message);
  }

  /** Counts a message between nodes, and remembers nothing. */
  count({ type, message: { src, dest } }: JournalEvent): void {
    if (type === "send" && this.#received.has(src) && this.#received.has(dest))
      this.#betweenNodes++;
  }

  #observeReceived(message: Delivery): void {
    const received = this.#received.get(message.dest);
    if (received === undefined) return;
    received.last = message;
    const { unanswered } = received;
    unanswered.push(message);
    if (unanswered.length > REMEMBERED) unanswered.shift();
  }

  #observeSent({ src, dest, body }: Delivery): void {
    const received = this.#received.get(src);
    if (received === undefined) return;
    const replyTo = body["in_reply_to"];
    if (replyTo === undefined) return;
    const { unanswered } = received;
    for (let index = 0; index < unanswered.length; index++) {
      const request = unanswered[index];
      if (request?.src !== dest || request.body["msg_id"] !== replyTo) continue;
      unanswered.splice(index, 1);
      return;
    }
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
    const { last, unanswered } = this.#received.get(node) ?? { unanswered: [] };
    return unanswered.length > 0 || last === undefined ? [...unanswered] : [last];
  }
}
