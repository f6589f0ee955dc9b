/**
 * Mistakes of programs that are made easily and seen hardly: each is recognised by its looks, named,
 * and told with what the node sent and what it answered. None changes a verdict.
 */

import { shorten } from "../../protocol/message.ts";
import type { AnyBody, NodeId } from "../../vortex/index.ts";
import type { MalformedReply } from "../clients/client.ts";
import type { BadLine } from "../clusters/cluster.ts";
import { isClientId, type JournalEvent, messageText } from "../network/journal.ts";

/** Name of a mistake -> what to do about it. */
export const ADVICE = {
  "debug line on stdout": "Only messages may go to stdout; print remarks to stderr",
  "forgotten newline": 'A message ends with a line break: print one after each, "\\n"',
  "malformed message":
    'A message is one JSON object on a line of its own: {"src": ..., "dest": ..., "body": {...}}',
  "message to an unknown node": "node_ids in init names all nodes; replies go to the request's src",
  "message from an unknown node": "src is the name that init gave the node, its node_id",
  "late reply": "A client that got no reply within its timeout is gone; reply sooner",
  "second reply": "A request gets one reply; clients drop any other",
  "extra field in a reply":
    "A reply has the fields of its type and no other, or the outcome of the operation is unknown",
  "malformed reply": "The outcome of an operation is unknown if the workload cannot read the reply",
} as const;

export type MistakeName = keyof typeof ADVICE;

/** One sort of mistake of one node: the first time, and how often it happened. */
export interface Mistake {
  readonly node: NodeId;
  readonly mistake: MistakeName;
  /** What is wrong with what it sent. */
  readonly reason: string;
  /** The line that it sent; cut if it is long. */
  readonly sent: string;
  /** The message that this answered; where that cannot be told, the last one that the node got. */
  readonly received?: string;
  /** Whether nothing more of the node is heard. */
  readonly mutes?: true;
  readonly count: number;
}

type Message = JournalEvent["message"];

interface Asked {
  readonly request: Message;
  reply?: Message;
}

/** How many requests of clients are kept in mind, to know a second reply by. */
const MAX_ASKED = 10_000;
const MAX_SHOWN_LENGTH = 1000;

/** Watches the nodes of a test. */
export class Mistakes {
  readonly #onFirst: (mistake: Mistake) => void;
  readonly #found = new Map<string, Mistake>();
  readonly #lastReceived = new Map<NodeId, Message>();
  readonly #asked = new Map<string, Asked>();

  /** @param onFirst Hears of the first of each sort that a node makes. */
  constructor(onFirst: (mistake: Mistake) => void) {
    this.#onFirst = onFirst;
  }

  /** What was found, in the order of the first times. */
  get all(): readonly Mistake[] {
    return [...this.#found.values()];
  }

  /** The last message that a node got, as text. */
  lastReceived(node: NodeId): string | undefined {
    const message = this.#lastReceived.get(node);
    return message === undefined ? undefined : shown(message);
  }

  /** Takes note of what is sent and delivered. */
  observe({ type, message }: JournalEvent): void {
    const { src, dest, body } = message;
    if (type === "recv") {
      if (!isClientId(dest)) this.#lastReceived.set(dest, message);
    } else if (isClientId(src)) {
      this.#remember(`${src} ${body["msg_id"]}`, { request: message });
    } else if (isClientId(dest)) {
      this.#observeReply(message, this.#asked.get(`${dest} ${body["in_reply_to"]}`));
    }
  }

  /** Takes note of a line that is no message, or of one that goes nowhere. */
  addBadLine({ node, line, reason, mistake }: BadLine): void {
    this.#add({
      node,
      mistake,
      reason,
      sent: line,
      received: this.lastReceived(node),
      mutes: true,
    });
  }

  /** Takes note of a message whose line has not ended, if it is one. */
  addUnfinishedLine(node: NodeId, text: string): void {
    // It is seen again each time that somebody waits in vain, but has happened once.
    if (this.#found.has(`${node} forgotten newline`)) return;
    const reason = "its line has not ended, so nobody has read it";
    const received = this.lastReceived(node);
    this.#add({ node, mistake: "forgotten newline", reason, sent: text, received });
  }

  /** Takes note of a reply that a workload could not read. */
  addMalformedReply(node: NodeId, { message, request, reply, hasExtraFieldOnly }: MalformedReply) {
    this.#add({
      node,
      mistake: hasExtraFieldOnly ? "extra field in a reply" : "malformed reply",
      reason: message,
      sent: shown(reply),
      received: shown(request),
    });
  }

  #observeReply(message: Message, asked: Asked | undefined): void {
    if (asked === undefined) return; // Never asked, or too long ago.
    if (asked.reply === undefined) {
      asked.reply = message;
      return;
    }
    this.#add({
      node: message.src,
      mistake: "second reply",
      reason: `the request had its answer already, ${shown(asked.reply)}`,
      sent: shown(message),
      received: shown(asked.request),
    });
  }

  #remember(key: string, asked: Asked): void {
    this.#asked.set(key, asked);
    if (this.#asked.size <= MAX_ASKED) return;
    const [oldest] = this.#asked.keys();
    if (oldest !== undefined) this.#asked.delete(oldest);
  }

  #add(seen: Omit<Mistake, "count" | "received"> & { received: string | undefined }): void {
    const { received, ...others } = seen;
    const key = `${seen.node} ${seen.mistake}`;
    const former = this.#found.get(key);
    if (former !== undefined) {
      this.#found.set(key, { ...former, count: former.count + 1 });
      return;
    }
    const sent = shorten(seen.sent, MAX_SHOWN_LENGTH);
    const first = { ...others, sent, ...(received === undefined ? {} : { received }), count: 1 };
    this.#found.set(key, first);
    this.#onFirst(first);
  }
}

/** A message as its line was, but for the id that the network gave it; cut if it is long. */
function shown({ src, dest, body }: { src: NodeId; dest: NodeId; body: AnyBody }): string {
  return shorten(messageText({ src, dest, body }), MAX_SHOWN_LENGTH);
}
