/** Carries texts between hosts: by NATS, or by a substitute in tests. */
import { NoRespondersError, RequestError, TimeoutError } from "@nats-io/transport-node";
import type { Message } from "../../vortex/index.ts";
import type { Nats } from "../nats/connection.ts";

/** Receives a text; `answer` replies to a request. */
export type ReceiveText = (text: string, answer: (text: string) => void) => void;

export interface Bus {
  /** Whether the server is there. Otherwise texts may be lost, or arrive late. */
  readonly isConnected: boolean;
  /** Maximum size of a text, in bytes of UTF-8. */
  readonly maxBytes: number;
  /** Sends a text, at most once. */
  publish(subject: string, text: string): void;
  /** Resolves when the server has what was published so far, or the connection is lost. */
  flush(): Promise<void>;
  /**
   * Sends a text and resolves with the answer.
   *
   * @throws {NoAnswer} when none arrives in time, or no subscriber is there.
   */
  request(subject: string, text: string, timeoutMs: number): Promise<string>;
  /** Sends a text, and collects the answers of all subscribers for some time. */
  requestAll(subject: string, text: string, durationMs: number): Promise<string[]>;
  /** Returns a function that ends the subscription. */
  subscribe(subject: string, receive: ReceiveText): () => void;
}

/** A request was not answered. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** A text is larger than {@link Bus.maxBytes}. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
  readonly bytes: number;

  constructor(bytes: number) {
    super(`The text has ${bytes} bytes`);
    this.bytes = bytes;
  }
}

/** Says what to do about a message that is too large. */
export function describeTooLarge(
  { src, dest, body }: Message,
  { bytes }: TooLarge,
  { maxBytes }: Bus,
): string {
  return `${src} sent ${dest} a message ("${String(body["type"])}") of ${bytes} bytes, but the NATS server accepts ${maxBytes}. Raise max_payload in the configuration of the servers (to 8MB, or 64MB at most), or send less at a time`;
}

/** Carries texts by NATS's core: at most once, in the order of sending for each pair. */
export class NatsBus implements Bus {
  readonly #nats: Nats;

  constructor(nats: Nats) {
    this.#nats = nats;
  }

  get isConnected(): boolean {
    return this.#nats.isConnected;
  }

  get maxBytes(): number {
    return this.#nats.connection.info?.max_payload ?? 2 ** 20;
  }

  publish(subject: string, text: string): void {
    this.#nats.connection.publish(subject, this.#encode(text));
  }

  async flush(): Promise<void> {
    // Lost with the connection.
    await this.#nats.connection.flush().catch(() => {});
  }

  async request(subject: string, text: string, timeoutMs: number): Promise<string> {
    try {
      const bytes = this.#encode(text);
      const answer = await this.#nats.connection.request(subject, bytes, { timeout: timeoutMs });
      return answer.string();
    } catch (error) {
      if (error instanceof TooLarge) throw error;
      if (error instanceof TimeoutError || isWithoutReceiver(error)) {
        throw new NoAnswer(`No answer from ${subject}`, { cause: error });
      }
      // The connection was lost, or is being closed.
      throw new NoAnswer(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  async requestAll(subject: string, text: string, durationMs: number): Promise<string[]> {
    const answers: string[] = [];
    try {
      const received = await this.#nats.connection.requestMany(subject, this.#encode(text), {
        strategy: "timer",
        maxWait: durationMs,
      });
      for await (const answer of received) answers.push(answer.string());
    } catch (error) {
      if (error instanceof TooLarge) throw error;
      // Without a subscriber, or with a lost connection: those that answered count.
    }
    return answers;
  }

  subscribe(subject: string, receive: ReceiveText): () => void {
    const subscription = this.#nats.connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) receive(message.string(), (text) => void message.respond(text));
      },
    });
    return () => subscription.unsubscribe();
  }

  #encode(text: string): Uint8Array {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > this.maxBytes) throw new TooLarge(bytes.length);
    return bytes;
  }
}

function isWithoutReceiver(error: unknown): boolean {
  if (error instanceof NoRespondersError) return true;
  return error instanceof RequestError && error.isNoResponders();
}
