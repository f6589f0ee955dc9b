/**
 * The network's record: every message sent and every message delivered.
 *
 * @see Maelstrom, `net/journal.clj`
 */
import { type Delivery, isClientId } from "./delivery.ts";

export interface JournalEvent {
  readonly type: "send" | "recv";
  /** Nanoseconds since the test's clock zero; while the nodes start, since it began. */
  readonly time: number;
  readonly message: Delivery;
}

/** Numbers of messages of one class. */
export interface MessageCounts {
  readonly sendCount: number;
  /** Sent messages that faults dropped were never received. */
  readonly recvCount: number;
  /** Distinct messages. */
  readonly msgCount: number;
}

/** Counts the events, and shows each to whoever listens. Keeps none. */
export class Journal {
  readonly #listeners: readonly ((event: JournalEvent) => void)[];
  readonly #clients = { send: 0, recv: 0 };
  readonly #servers = { send: 0, recv: 0 };
  #isClosed = false;

  constructor(listeners: readonly ((event: JournalEvent) => void)[] = []) {
    this.#listeners = listeners;
  }

  /** Ends the record: what follows is no part of the test. */
  close(): void {
    this.#isClosed = true;
  }

  record(event: JournalEvent): void {
    if (this.#isClosed) return;
    const { src, dest } = event.message;
    const counts = isClientId(src) || isClientId(dest) ? this.#clients : this.#servers;
    counts[event.type]++;
    for (const listener of this.#listeners) listener(event);
  }

  /** Messages with a client at either end. */
  get clients(): MessageCounts {
    return messageCounts(this.#clients);
  }

  /** All other messages: between nodes, and between nodes and services. */
  get servers(): MessageCounts {
    return messageCounts(this.#servers);
  }
}

// Each message is sent once, so the distinct ones are as many as the sends.
function messageCounts({ send, recv }: { send: number; recv: number }): MessageCounts {
  return { sendCount: send, recvCount: recv, msgCount: send };
}
