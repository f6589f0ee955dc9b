/** What the kafka checker found: every case is counted, the first few of each kind are told. */
import type { Operation } from "../../history/history.ts";
import type { Finding } from "../checker.ts";
import { quote, TOLD_PER_KIND, whose } from "../wording.ts";
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
  readonly #told: Finding[] = [];

  /** Counts a case; `tell` puts it in words, and is called only if there are few like it so far. */
  add(
    anomaly: KafkaAnomaly,
    tell?: () => { sentence: string; operations: readonly (Operation | undefined)[] },
  ): void {
    const count = this.#counts.get(anomaly) ?? 0;
    this.#counts.set(anomaly, count + 1);
    if (tell === undefined || count >= TOLD_PER_KIND) return;
    const { sentence, operations } = tell();
    const known = new Set(operations.filter((operation) => operation !== undefined));
    const inOrder = [...known].sort((one, other) => one.index - other.index);
    this.#told.push({ anomaly, sentence, operations: inOrder });
  }

  /** Kind -> number of cases, by name. */
  counts(): ReadonlyMap<KafkaAnomaly, number> {
    return new Map([...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  told(): readonly Finding[] {
    return this.#told;
  }
}

/** `"message 3"` */
export function named(message: Message): string {
  return `message ${quote(message.value)}`;
}

/** `"message 3 at offset 8"`, by its place in the version order. */
export function placed(log: Log, message: Message): string {
  const offset = log.order.offsets[message.index ?? message.firstIndex ?? -1];
  return `${named(message)} at ${offset === undefined ? "an unknown offset" : `offset ${offset}`}`;
}

/** Whose send a message comes from: `"process 1's send at 4.210 s"`, which is when that ended. */
export function sender({ send }: Message): string {
  return send === undefined ? "an unknown send" : whose(send.completion);
}

/** A text that begins a sentence. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The first few of a list, and how many more there are. */
export function few(items: readonly string[], total = items.length): string {
  const shown = items.slice(0, FEW).join("; ");
  return total > FEW ? `${shown}; and ${total - FEW} more` : shown;
}

/** How many of many similar things a sentence names. */
export const FEW = 3;
