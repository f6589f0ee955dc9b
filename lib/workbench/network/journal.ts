/**
 * The network's record of messages sent, delivered and dropped. Drops are not counted.
 *
 * @see Maelstrom, `net/journal.clj`
 */
import { type Delivery, isClientId } from "./delivery.ts";
import type { DropReason } from "./drops.ts";

interface JournalEntry {
  /** Nanoseconds since clock zero; while the nodes start, since the start of the test. */
  readonly time: number;
  readonly message: Delivery;
}

/** A message that is neither delivered nor dropped is still in flight at the end of the test. */
export type JournalEvent =
  | (JournalEntry & { readonly type: "send" | "recv" })
  | (JournalEntry & { readonly type: "drop"; readonly reason: DropReason });

/** Message counts of one class. */
export interface MessageCounts {
  readonly sendCount: number;
  /** Excludes messages that faults dropped. */
  readonly recvCount: number;
  /** Distinct messages. */
  readonly msgCount: number;
}

/** Counts events and passes them to listeners, without storing them. */
export class Journal {
  readonly #listeners: readonly ((event: JournalEvent) => void)[];
  readonly #clients = { send: 0, recv: 0 };
  readonly #servers = { send: 0, recv: 0 };
  #isClosed = false;

  constructor(listeners: readonly ((event: JournalEvent) => void)[] = []) {
    this.#listeners = listeners;
  }

  /** Ends the record. Later events are not part of the test. */
  close(): void {
    this.#isClosed = true;
  }

  record(event: JournalEvent): void {
    if (this.#isClosed) return;
    const { src, dest } = event.message;
    const counts = isClientId(src) || isClientId(dest) ? this.#clients : this.#servers;
    if (event.type !== "drop") counts[event.type]++;
    for (const listener of this.#listeners) listener(event);
  }

  /** Messages from or to clients. */
  get clients(): MessageCounts {
    return messageCounts(this.#clients);
  }

  /** All other messages: between nodes, and between nodes and services. */
  get servers(): MessageCounts {
    return messageCounts(this.#servers);
  }
}

// Each message is sent once, so distinct messages equal sends.
function messageCounts({ send, recv }: { send: number; recv: number }): MessageCounts {
  return { sendCount: send, recvCount: recv, msgCount: send };
}
