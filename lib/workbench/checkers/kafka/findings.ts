/** What the kafka checker found: every case is counted, the first few of each kind are told. */
import type { Operation } from "../../history/history.ts";
import type { Finding } from "../checker.ts";
import { describeOperation, EXAMPLES_PER_KIND, quote } from "../wording.ts";
import type { Log, Message } from "./log.ts";

/** Jepsen's names of what can go wrong where every operation is one send or one poll. */
export type KafkaAnomaly =
  | "duplicate"
  | "empty-transaction-graph"
  | "G1a"
  | "G1c-realtime"
  | "inconsistent-offsets"
  | "int-nonmonotonic-poll"
  | "int-poll-skip"
  | "lost-write"
  | "nonmonotonic-poll"
  | "nonmonotonic-send"
  | "poll-skip"
  | "strong-PL-2-cycle-exists"
  | "unseen";

export class Findings {
  readonly #counts = new Map<KafkaAnomaly, number>();
  readonly #examples: Finding[] = [];

  /** Counts a case; `describe` puts it in words, and is called only if there are few like it so far. */
  add(
    anomaly: KafkaAnomaly,
    describe?: () => { sentence: string; operations: readonly (Operation | undefined)[] },
  ): void {
    const count = this.#counts.get(anomaly) ?? 0;
    this.#counts.set(anomaly, count + 1);
    if (describe === undefined || count >= EXAMPLES_PER_KIND) return;
    const { sentence, operations } = describe();
    const known = new Set(operations.filter((operation) => operation !== undefined));
    const inOrder = [...known].sort((one, other) => one.index - other.index);
    this.#examples.push({ anomaly, sentence, operations: inOrder });
  }

  /** Kind -> number of cases, by name. */
  counts(): ReadonlyMap<KafkaAnomaly, number> {
    return new Map([...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  examples(): readonly Finding[] {
    return this.#examples;
  }
}

/** `"message 3"` */
export function describeMessage(message: Message): string {
  return `message ${quote(message.value)}`;
}

/** `"message 3 at offset 8"`, by its place in the version order. */
export function describeMessageAt(log: Log, message: Message): string {
  const offset = log.order.offsets[message.index ?? message.firstIndex ?? -1];
  return `${describeMessage(message)} at ${offset === undefined ? "an unknown offset" : `offset ${offset}`}`;
}

/** Whose send a message comes from: `"process 1's send at 4.210 s"`, which is when that ended. */
export function describeSend({ send }: Message): string {
  return send === undefined ? "an unknown send" : describeOperation(send.completion);
}

/** A text that begins a sentence. */
export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The first few of a list, and how many more there are. */
export function listFew(items: readonly string[], total = items.length): string {
  const shown = items.slice(0, LISTED).join("; ");
  return total > LISTED ? `${shown}; and ${total - LISTED} more` : shown;
}

/** How many of many similar things a sentence names. */
export const LISTED = 3;
