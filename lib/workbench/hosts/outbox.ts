/** Sends texts to other hosts, and queues them while the server is away. What exceeds its limits is dropped. */
import type { Clock } from "../../vortex/index.ts";
import { type Bus, TooLarge } from "./bus.ts";

/** Maximum length of the texts that wait for a server that is away, in characters. */
const MAX_WAITING_LENGTH = 2 ** 24;
/** Maximum length of the texts that a server does not have yet, in characters. */
const MAX_UNFLUSHED_LENGTH = 2 ** 26;
/** Length after which the server is asked what it has. */
const FLUSH_LENGTH = 2 ** 20;

/** A text that waits for the server. */
interface Waiting {
  readonly subject: string;
  readonly text: string;
}

export class Outbox {
  readonly #bus: Bus;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #waitingLength = 0;
  /** Length of what was published, and of what the server has of it. */
  #publishedLength = 0;
  #flushedLength = 0;
  #isFlushing = false;
  #awaySinceMs: number | undefined;
  #outageMs = 0;
  /** How often the server was away. */
  outages = 0;
  /** Number of texts that were dropped. */
  overflow = 0;

  constructor(bus: Bus, clock: Clock) {
    this.#bus = bus;
    this.#clock = clock;
  }

  /** How long the server was away, in ms. */
  get outageMs(): number {
    const since = this.#awaySinceMs;
    return this.#outageMs + (since === undefined ? 0 : this.#clock.nowMs() - since);
  }

  /**
   * Sends a text. Returns false if it is dropped, since the server is away or slow, and too much waits.
   *
   * @throws {TooLarge} if it is larger than the server accepts.
   */
  send(subject: string, text: string): boolean {
    this.update();
    const isAway = this.#awaySinceMs !== undefined;
    const length = isAway ? this.#waitingLength : this.#publishedLength - this.#flushedLength;
    if (length + text.length > (isAway ? MAX_WAITING_LENGTH : MAX_UNFLUSHED_LENGTH)) {
      this.overflow++;
      return false;
    }
    if (!isAway) {
      this.#publish(subject, text);
      return true;
    }
    const bytes = Buffer.byteLength(text);
    if (bytes > this.#bus.maxBytes) throw new TooLarge(bytes);
    this.#waiting.push({ subject, text });
    this.#waitingLength += text.length;
    return true;
  }

  /** Takes note of whether the server is there, and sends what has waited for it. */
  update(): void {
    if (!this.#bus.isConnected) {
      if (this.#awaySinceMs !== undefined) return;
      this.#awaySinceMs = this.#clock.nowMs();
      this.outages++;
      return;
    }
    if (this.#awaySinceMs === undefined) return;
    this.#outageMs = this.outageMs;
    this.#awaySinceMs = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingLength = 0;
    for (const { subject, text } of waiting) this.#publish(subject, text);
  }

  #publish(subject: string, text: string): void {
    this.#bus.publish(subject, text);
    this.#publishedLength += text.length;
    const unflushed = this.#publishedLength - this.#flushedLength;
    if (this.#isFlushing || unflushed < FLUSH_LENGTH) return;
    this.#isFlushing = true;
    const length = this.#publishedLength;
    void this.#bus.flush().then(() => {
      this.#flushedLength = length;
      this.#isFlushing = false;
    });
  }
}
