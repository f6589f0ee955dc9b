/** Reports to the tester what happens on a host: in order, once, and in batches. */
import type { Clock } from "../../vortex/index.ts";
import { type Bus, NoAnswer, TooLarge } from "./bus.ts";
import { pause } from "./repeat.ts";
import { printWire, type ReportItem } from "./wire.ts";

/** How long an item waits for others, in ms. */
export const REPORT_INTERVAL_MS = 50;
const REPORT_TIMEOUT_MS = 1000;
const RETRY_MS = 100;
/** Maximum length of what waits to be reported, in characters. Later events are counted instead. */
const MAX_WAITING_LENGTH = 2 ** 25;
/** Length of a report, in characters of up to three bytes. */
const MAX_REPORT_LENGTH = 2 ** 18;

/** Items whose number has no limit. */
const UNBOUNDED: ReadonlySet<ReportItem["type"]> = new Set([
  "send",
  "recv",
  "drop",
  "log",
  "remark",
]);

export interface ReporterOptions {
  readonly bus: Bus;
  readonly subject: string;
  readonly node: string;
  readonly clock: Clock;
}

export class Reporter {
  readonly #options: ReporterOptions;
  /** Items as JSON, oldest first. */
  #waiting: string[] = [];
  #waitingLength = 0;
  /** Numbers of items so far. */
  #addedCount = 0;
  #doneCount = 0;
  #number = 0;
  #isClosed = false;
  /** Resolves when all that waited has been acknowledged. */
  #sending: Promise<void> | undefined;
  /** Items that were left out, since too many waited. */
  unreported = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** Adds an item. While too much waits, those that a node can cause without end are left out. */
  add(item: ReportItem): void {
    if (this.#isClosed) return;
    const text = this.#textOf(item);
    if (UNBOUNDED.has(item.type) && this.#waitingLength + text.length > MAX_WAITING_LENGTH) {
      this.unreported++;
      return;
    }
    this.#waiting.push(text);
    this.#addedCount++;
    this.#waitingLength += text.length;
  }

  /** Sends what waits. */
  flush(): void {
    if (this.#sending !== undefined || this.#waiting.length === 0) return;
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  /** Resolves when everything added so far has been acknowledged, or the reporter is closed. */
  async drain(): Promise<void> {
    const count = this.#addedCount;
    while (!this.#isClosed && this.#doneCount < count) {
      this.flush();
      await this.#sending;
    }
  }

  /** Gives up: the tester will not receive what waits. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#waitingLength = 0;
  }

  async #sendAll(): Promise<void> {
    const { bus, subject, node } = this.#options;
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const items = this.#take();
      const report = `{"node":${printWire(node)},"number":${++this.#number},"items":[${items.join()}]}`;
      while (!this.#isClosed) {
        try {
          await bus.request(subject, report, REPORT_TIMEOUT_MS);
          this.#doneCount += items.length;
          break;
        } catch (error) {
          if (error instanceof TooLarge) {
            // Of one item: the last output of a crash, where the server accepts very little.
            this.#doneCount += items.length;
            this.unreported += items.length;
            break;
          }
          if (!(error instanceof NoAnswer)) throw error;
          await pause(this.#options.clock, RETRY_MS);
        }
      }
    }
  }

  /** Takes the items of one report. */
  #take(): string[] {
    const limit = Math.min(MAX_REPORT_LENGTH, this.#maxLength);
    let length = 0;
    let count = 0;
    for (const text of this.#waiting) {
      if (count > 0 && length + text.length > limit) break;
      length += text.length;
      count++;
    }
    this.#waitingLength -= length;
    return this.#waiting.splice(0, count);
  }

  /** Length of a text that surely fits, whatever its characters. */
  get #maxLength(): number {
    return Math.floor((this.#options.bus.maxBytes - 1024) / 3);
  }

  /** Prints an item; the body of a message that is too large for a report is replaced by its type. */
  #textOf(item: ReportItem): string {
    const text = printWire(item);
    if (text.length <= this.#maxLength || item.type !== "send") return text;
    const { type, msg_id, in_reply_to } = item.message.body;
    return printWire({
      ...item,
      message: { ...item.message, body: { type, msg_id, in_reply_to, tooLarge: text.length } },
    });
  }
}
