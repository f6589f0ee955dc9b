/**
 * Puts the events of several hosts in an order that contradicts no cause: the events of each host stay in
 * their order, and each delivery comes after its sending. Otherwise, times decide.
 *
 * Reports arrive late, and clocks agree to half a round trip only. So events wait a moment for those of
 * other hosts; an event that seems to precede its cause gets the time of that.
 */
import type { Cancel, Clock } from "../../vortex/index.ts";
import type { Delivery } from "../network/delivery.ts";
import type { DropReason } from "../network/drops.ts";
import type { Journal } from "../network/journal.ts";
import { repeat } from "./repeat.ts";

export interface EventOrderOptions {
  readonly clock: Clock;
  readonly journal: Pick<Journal, "record">;
  readonly zeroMs: () => number;
  /** Whether messages may be delivered twice. */
  readonly mayRepeat: () => boolean;
}

/** How long an event waits for those of other hosts, in ms: a report takes less, unless it is repeated. */
const WAIT_MS = 1000;
const RELEASE_INTERVAL_MS = 250;
/** How long a delivery waits for the report of its sending, in ms. */
const ORPHAN_WAIT_MS = 10_000;
/** Maximum number of messages that are remembered until they are delivered. */
const MAX_REMEMBERED = 20_000;

/** An event of a message, without its time. */
export type MessageEvent =
  | { readonly type: "send" | "recv" }
  | { readonly type: "drop"; readonly reason: DropReason };

interface Reported {
  readonly atMs: number;
  readonly event: MessageEvent;
  /** Unless it was sent here, its body may be missing. */
  readonly message: Delivery;
}

/** The events of one host that are not on record yet. */
interface Source {
  readonly events: Reported[];
  /** Number of {@link events} that are on record. */
  done: number;
  /** Time of the last one on record. */
  lastMs: number;
}

interface Sent {
  readonly atMs: number;
  readonly message: Delivery;
  hasArrived: boolean;
}

export class EventOrder {
  readonly #options: EventOrderOptions;
  readonly #firstZeroMs: number;
  readonly #sources = new Map<string, Source>();
  /** Messages whose sending is on record, by their ids. */
  readonly #sent = new Map<number, Sent>();
  readonly #cancel: Cancel;
  /** Number of messages that were sent, and neither delivered nor dropped. */
  undelivered = 0;

  constructor(options: EventOrderOptions) {
    this.#options = options;
    this.#firstZeroMs = options.zeroMs();
    const { clock } = options;
    this.#cancel = repeat(clock, RELEASE_INTERVAL_MS, () => this.#release(clock.nowMs() - WAIT_MS));
  }

  /** Adds an event of a host, at a time of the tester's clock. */
  add(host: string, atMs: number, event: MessageEvent, message: Delivery): void {
    const { events } = this.#sources.getOrInsertComputed(host, emptySource);
    events.push({ atMs, event, message });
  }

  /** Records all events. */
  flush(): void {
    this.#release(Number.POSITIVE_INFINITY);
  }

  /** Records all events, and ends. */
  close(): void {
    this.flush();
    this.#cancel();
  }

  #release(untilMs: number): void {
    for (;;) {
      const source = this.#next(untilMs, false) ?? this.#next(untilMs - ORPHAN_WAIT_MS, true);
      const reported = source?.events[source.done];
      if (source === undefined || reported === undefined) break;
      source.done++;
      source.lastMs = this.#place(reported, Math.max(source.lastMs, reported.atMs));
    }
    for (const source of this.#sources.values()) {
      source.events.splice(0, source.done);
      source.done = 0;
    }
  }

  /**
   * The host with the earliest event.
   *
   * @param mayBeOrphan Whether it may be the delivery of a message whose sending is not on record.
   */
  #next(untilMs: number, mayBeOrphan: boolean): Source | undefined {
    let next: Source | undefined;
    let nextMs = untilMs;
    for (const source of this.#sources.values()) {
      const reported = source.events[source.done];
      if (reported === undefined || reported.atMs > nextMs) continue;
      if (!mayBeOrphan && this.#isOrphan(reported)) continue;
      next = source;
      nextMs = reported.atMs;
    }
    return next;
  }

  #isOrphan({ event, message }: Reported): boolean {
    return event.type !== "send" && !this.#sent.has(message.id);
  }

  /** Records an event. Returns its time. */
  #place({ event, message }: Reported, atMs: number): number {
    if (event.type === "send") {
      this.#send(atMs, message);
      return atMs;
    }
    // Of an orphan, the report of its sending was left out.
    const sent = this.#sent.get(message.id) ?? this.#send(atMs, message);
    if (!sent.hasArrived) this.undelivered--;
    sent.hasArrived = true;
    if (!this.#options.mayRepeat()) this.#sent.delete(message.id);
    const placedMs = Math.max(atMs, sent.atMs);
    this.#record(event, placedMs, sent.message);
    return placedMs;
  }

  #send(atMs: number, message: Delivery): Sent {
    const sent = { atMs, message, hasArrived: false };
    this.undelivered++;
    this.#sent.set(message.id, sent);
    if (this.#sent.size > MAX_REMEMBERED) {
      const [oldest] = this.#sent.keys();
      if (oldest !== undefined) this.#sent.delete(oldest);
    }
    this.#record({ type: "send" }, atMs, message);
    return sent;
  }

  #record(event: MessageEvent, atMs: number, message: Delivery): void {
    const zeroMs = this.#options.zeroMs();
    // The nodes were starting.
    const fromMs = atMs < zeroMs ? this.#firstZeroMs : zeroMs;
    const time = Math.max(0, Math.round((atMs - fromMs) * 1e6));
    const { journal } = this.#options;
    if (event.type === "drop")
      journal.record({ type: event.type, reason: event.reason, time, message });
    else journal.record({ type: event.type, time, message });
  }
}

function emptySource(): Source {
  return { events: [], done: 0, lastMs: 0 };
}
