/** Sends texts to other hosts, and queues them while the server is away. */
import type { Clock } from "../../vortex/index.ts";
import type { Bus } from "./bus.ts";

/** Maximum length of the texts that wait for the server, in characters. Later ones are dropped. */
const MAX_WAITING_LENGTH = 2 ** 24;

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
   * Sends a text. Returns false if it is dropped, since the server is away and too much waits.
   *
   * @throws {TooLarge} if it is larger than the server accepts.
   */
  send(subject: string, text: string): boolean {
    this.update();
    if (this.#awaySinceMs === undefined) {
      this.#bus.publish(subject, text);
      return true;
    }
    if (this.#waitingLength + text.length > MAX_WAITING_LENGTH) {
      this.overflow++;
      return false;
    }
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
    for (const { subject, text } of waiting) this.#bus.publish(subject, text);
  }
}
